import { describe, expect, it } from 'vitest';

import { dealBlocks } from '../../src/serving/review-blocks.js';

describe('dealBlocks', () => {
  const items = Array.from({ length: 64 }, (_, i) => (i * 37) % 64);
  const blocks = dealBlocks(items, 4, (item) => item);

  it('gives every block one of each so many neighbors by length', () => {
    for (const block of blocks) {
      const tiers = block.map((item) => Math.floor(item / 4)).toSorted((a, b) => a - b);
      expect(tiers).toEqual(Array.from({ length: 16 }, (_, tier) => tier));
    }
  });

  it('deals each item once', () => {
    expect(blocks.flat().toSorted((a, b) => a - b)).toEqual(Array.from({ length: 64 }, (_, i) => i));
  });

  it('deals the same at each call', () => expect(dealBlocks(items, 4, (item) => item)).toEqual(blocks));
  it('drops what does not fill all blocks', () =>
    expect(dealBlocks([1, 2, 3, 4, 5], 2, Number).flat()).toHaveLength(4));
});
