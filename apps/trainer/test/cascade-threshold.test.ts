import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { chooseThreshold } from '../src/cascade-threshold.js';

// Ten reviews, the linear model's surest first. It errs on the 5th, 8th and 10th, the blend on the 10th alone.
const labels = [1, 0, 1, 0, 1, 0, 1, 0, 1, 0];
const linear = [9, -8, 7, -6, -5, -4, 3, 2, 1, 0.5];
const blend = [4, -4, 4, -4, 4, -4, 4, -4, 4, 4];

describe('the threshold of a cascade', () => {
  test('with no loss allowed lies at the last review before the linear model costs one', () => {
    expect(chooseThreshold({ labels, linear, blend }, 0)).toEqual({
      threshold: 6,
      coverage: 0.4,
      accuracy: 0.9,
      blendAccuracy: 0.9,
    });
  });

  test('takes an allowed loss to the row', () => {
    expect(chooseThreshold({ labels, linear, blend }, 0.1)).toMatchObject({
      threshold: 3,
      coverage: 0.7,
      accuracy: 0.8,
    });
    expect(chooseThreshold({ labels, linear, blend }, 0.2)).toMatchObject({
      threshold: 0.5,
      coverage: 1,
      accuracy: 0.7,
    });
  });

  test('is not lowered beyond a loss that later gains make up for', () => {
    const better = blend.with(5, 4).with(6, -4); // the blend errs where the linear model is right, after the first loss
    expect(chooseThreshold({ labels, linear, blend: better }, 0)).toMatchObject({ threshold: 6, coverage: 0.4 });
  });

  test('takes equally sure reviews together or not at all', () => {
    const tied = [9, -8, 7, -5, -5, -4, 3, 2, 1, 0.5];
    expect(chooseThreshold({ labels, linear: tied, blend }, 0)).toMatchObject({ threshold: 7, coverage: 0.3 });
  });

  test('lies above every logit seen where even the surest review costs too much', () => {
    expect(chooseThreshold({ labels: [0, 1], linear: [5, 1], blend: [-1, 1] }, 0)).toEqual({
      threshold: 10,
      coverage: 0,
      accuracy: 1,
      blendAccuracy: 1,
    });
  });

  test('keeps its promise on the reviews that it was chosen on', () => {
    const logit = fc.double({ min: -9, max: 9, noNaN: true });
    const row = fc.record({ label: fc.constantFrom(0, 1), linear: logit, blend: logit });
    fc.assert(
      fc.property(fc.array(row, { minLength: 1, maxLength: 60 }), fc.constantFrom(0, 0.02, 0.1), (rows, allowed) => {
        const scores = {
          labels: rows.map(({ label }) => label),
          linear: rows.map((one) => one.linear),
          blend: rows.map((one) => one.blend),
        };
        const { threshold, coverage, accuracy, blendAccuracy } = chooseThreshold(scores, allowed);
        const answers = rows.map((one) => (Math.abs(one.linear) >= threshold ? one.linear : one.blend));
        const right = answers.filter((answer, index) => answer > 0 === (rows[index]?.label === 1)).length;
        expect(accuracy).toBeGreaterThanOrEqual(blendAccuracy - allowed - 1e-9);
        if (threshold > 0) {
          expect(right / rows.length).toBeCloseTo(accuracy, 12);
          const answered = rows.filter((one) => Math.abs(one.linear) >= threshold).length;
          expect(answered / rows.length).toBeCloseTo(coverage, 12);
        }
      }),
      { seed: 1, numRuns: 300 },
    );
  });
});
