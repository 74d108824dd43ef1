import { describe, expect, it } from 'vitest';

import { median, medianRatio, summarize } from '../src/summary.js';

describe('median', () => {
  it('is the middle value, whatever the order', () => expect(median([9, 1, 4])).toBe(4));
  it('is the mean of the two in the middle of an even number', () => expect(median([10, 1, 4, 2])).toBe(3));
  it('is the value itself when there is one', () => expect(median([7])).toBe(7));
  it('is NaN for no values', () => expect(median([])).toBeNaN());
  it('leaves its argument as it was', () => {
    const values = [3, 1, 2];
    median(values);
    expect(values).toEqual([3, 1, 2]);
  });
});

describe('summarize', () => {
  it('gives median and extremes', () => expect(summarize([5, 1, 3])).toEqual({ median: 3, low: 1, high: 5 }));
  it('gives NaN for no values', () => expect(summarize([])).toEqual({ median: NaN, low: NaN, high: NaN }));
});

describe('medianRatio', () => {
  it('compares rounds with each other, so that a slow minute of the machine cancels', () => {
    // Both halve in the second round: the ratio is 2 throughout, while the ratio of the medians would not be.
    expect(medianRatio([20, 10, 22], [10, 5, 11])).toBe(2);
  });

  it('is the median over rounds', () => expect(medianRatio([10, 30, 20], [10, 10, 10])).toBe(2));
  it('ignores rounds that only one side has', () => expect(medianRatio([10, 99], [5])).toBe(2));
  it('is NaN without a common round', () => expect(medianRatio([1], [])).toBeNaN());
});
