import { expect, test } from 'vitest';

import { describeSlices, reportSlices } from '../src/evaluation-slices.js';

const SCORED = {
  probabilities: Float64Array.of(0.9, 0.2, 0.4, 0.7),
  tokenCounts: Uint32Array.of(63, 64, 1024, 5000),
  truncated: Uint8Array.of(0, 0, 1, 1),
};

test('slices hold their least token count and not the next slice’s, and empty ones are left out', () => {
  const { by_token_count: lengths } = reportSlices([1, 0, 1, 1], SCORED);
  expect(lengths).toMatchObject([
    { at_least: 1, below: 64, n: 1, accuracy: 1 },
    { at_least: 64, below: 128, n: 1, accuracy: 1 },
    { at_least: 1024, below: null, n: 2, accuracy: 0.5 },
  ]);
});

test('slices by truncation have accuracy, its Wilson interval, F1 and log loss', () => {
  const { by_truncation: cuts } = reportSlices([1, 0, 1, 1], SCORED);
  expect(cuts).toMatchObject([
    { truncated: false, n: 2, accuracy: 1, f1: 1 },
    { truncated: true, n: 2, accuracy: 0.5, f1: 2 / 3 },
  ]);
  expect(cuts[1]?.log_loss).toBeCloseTo(-(Math.log(0.4) + Math.log(0.7)) / 2, 12);
  const [low, high] = cuts[1]?.accuracy_interval ?? [];
  expect(low).toBeCloseTo(0.0945, 4);
  expect(high).toBeCloseTo(0.9055, 4);
});

test('slices are said in two lines', () => {
  expect(describeSlices('test, int8', reportSlices([1, 0, 1, 1], SCORED))).toEqual([
    'test, int8, accuracy by tokens: 1–63: 100.00 % of 1, 64–127: 100.00 % of 1, 1024 and more: 50.00 % of 2',
    'test, int8, accuracy of reviews read whole: 100.00 % of 2, cut: 50.00 % of 2',
  ]);
});
