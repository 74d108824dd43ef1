import { describe, expect, it } from 'vitest';

import { createReviews, reviewLength } from '../src/review-texts.js';

describe('lengths of synthetic reviews', () => {
  const lengths = Array.from({ length: 1000 }, (_, index) => reviewLength(index, 1000));
  const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

  it("have IMDb's median and 90th percentile, 230 and 613 tokens", () => {
    expect(Math.abs((lengths[500] ?? NaN) - 230)).toBeLessThan(2);
    expect(Math.abs((lengths[900] ?? NaN) - 613)).toBeLessThan(3);
  });

  it("have nearly IMDb's mean of 311, and 264 cut at 512", () => {
    expect(Math.round(mean(lengths))).toBe(308);
    expect(Math.round(mean(lengths.map((length) => Math.min(length, 512))))).toBe(264);
  });
});

describe('createReviews', () => {
  const countWords = (text: string): number => text.split(' ').length;

  it('makes reviews of the asked lengths, the same at each call', async () => {
    const reviews = await createReviews(8, countWords);
    const expected = Array.from({ length: 8 }, (_, index) => reviewLength(index, 8));
    expect(reviews.map(countWords).toSorted((a, b) => a - b)).toEqual(expected);
    expect(await createReviews(8, countWords)).toEqual(reviews);
  });
});
