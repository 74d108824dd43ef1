import fc from 'fast-check';
import { expect, it } from 'vitest';

import { softmax } from '../src/index.js';

it('is finite and sums to one at ±1000', () => {
  expect(softmax([1000, -1000])).toEqual([1, 0]);
  expect(softmax([-1000, 1000])).toEqual([0, 1]);
  expect(softmax([1000, 1000])).toEqual([0.5, 0.5]);
  expect(softmax([-1000, -1001])[0]).toBeCloseTo(1 / (1 + Math.exp(-1)), 15);
});

it('gives probabilities in the order of the logits', () => {
  const logit = fc.double({ min: -1000, max: 1000, noNaN: true });
  fc.assert(
    fc.property(logit, logit, fc.double({ min: 0.1, max: 10, noNaN: true }), (negative, positive, temperature) => {
      const [p = NaN, q = NaN] = softmax([negative, positive], temperature);
      expect(p + q).toBeCloseTo(1, 12);
      expect(Math.min(p, q)).toBeGreaterThanOrEqual(0);
      if (negative < positive) expect(p).toBeLessThanOrEqual(q);
    }),
    { seed: 1 },
  );
});

it('is flatter at a higher temperature', () => {
  expect(softmax([0, 2], 2)).toEqual(softmax([0, 1]));
});
