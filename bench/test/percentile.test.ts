import { describe, expect, it } from 'vitest';

import { percentile } from '../src/percentile.js';

describe('percentile', () => {
  const hundred = Array.from({ length: 100 }, (_, i) => 100 - i);

  it('is the smallest value that the share does not exceed, whatever the order', () => {
    expect(percentile(hundred, 0.5)).toBe(50);
    expect(percentile(hundred, 0.99)).toBe(99);
    expect(percentile(hundred, 1)).toBe(100);
  });

  it('is a value that was there, never one between two', () => expect(percentile([1, 10], 0.5)).toBe(1));
  it('is the least for a share of 0', () => expect(percentile([3, 1, 2], 0)).toBe(1));
  it('is NaN for no values', () => expect(percentile([], 0.5)).toBeNaN());
});
