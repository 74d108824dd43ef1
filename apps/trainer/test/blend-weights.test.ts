import { readFileSync } from 'node:fs';

import { describe, expect, test } from 'vitest';

import { blendLogits, crossFitBlend, fitBlend, formatBlend } from '../src/blend-weights.js';

/** What scikit-learn answered; `oracles/record_blend.py` recorded it. */
const oracle = JSON.parse(readFileSync(new URL('./oracles/blend.json', import.meta.url), 'utf8')) as {
  labels: number[];
  first: number[];
  second: number[];
  weights: [number, number];
  bias: number;
};
const { labels } = oracle;
const logits = { first: Float64Array.from(oracle.first), second: Float64Array.from(oracle.second) };

describe('the weights of a blend', () => {
  test("are scikit-learn's", () => {
    const { weights, bias } = fitBlend(logits, labels);
    expect(weights['first']).toBeCloseTo(oracle.weights[0], 8);
    expect(weights['second']).toBeCloseTo(oracle.weights[1], 8);
    expect(bias).toBeCloseTo(oracle.bias, 8);
  });

  test('are finite where a member is never wrong, and where one tells nothing', () => {
    const surely = Float64Array.from(labels, (label) => (label === 1 ? 30 : -30));
    const { weights, bias } = fitBlend({ surely, silent: new Float64Array(60) }, labels);
    expect(weights['surely']).toBeGreaterThan(0);
    expect(weights['silent']).toBe(0);
    expect(Number.isFinite(weights['surely']) && Number.isFinite(bias)).toBe(true);
  });

  test('cross-fitted judge each review without having seen its label', () => {
    const crossFitted = crossFitBlend(logits, labels, 5, 42);
    expect(crossFitted.every(Number.isFinite)).toBe(true);
    const all = blendLogits(logits, fitBlend(logits, labels));
    expect(crossFitted).not.toEqual(all);
    // The label of a review moves the weights that judge others, and not those that judge it.
    const changed = labels.with(7, 1 - (labels[7] ?? 0));
    const again = crossFitBlend(logits, changed, 60, 42);
    const before = crossFitBlend(logits, labels, 60, 42);
    expect(again[7]).toBeCloseTo(before[7] ?? NaN, 9);
    expect(again[8]).not.toBeCloseTo(before[8] ?? NaN, 6);
    expect(crossFitBlend(logits, labels, 5, 42)).toEqual(crossFitted);
  });

  test('are written as a sum', () => {
    expect(formatBlend({ weights: { linear: 0.5323, other: 0.625 }, bias: -0.16 })).toBe(
      '0.532 × linear + 0.625 × other − 0.160',
    );
  });
});
