import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { type Batch, createRandom, DatasetError, paddingRatio, planBatches, planSortedBatches } from '../src/index.js';

const rowsOf = (batches: readonly Batch[]): number[] => batches.flatMap((batch) => [...batch.rows]);
const ascending = (rows: readonly number[]): number[] => [...rows].sort((a, b) => a - b);

/** Token counts like IMDb's: log-normal around 230, cut at the model's limit. */
function reviewLengths(count: number, limit: number): number[] {
  const random = createRandom(7);
  return Array.from({ length: count }, () => {
    const normal = Math.sqrt(-2 * Math.log(1 - random.float())) * Math.cos(2 * Math.PI * random.float());
    return Math.min(limit, Math.round(Math.exp(Math.log(230) + 0.65 * normal)));
  });
}

describe('planBatches', () => {
  it('covers every row exactly once', () => {
    const lengths = fc.array(fc.integer({ min: 1, max: 512 }), { maxLength: 300 });
    const sizes = fc.record({
      batchSize: fc.integer({ min: 1, max: 40 }),
      windowBatches: fc.integer({ min: 1, max: 60 }),
      seed: fc.integer({ min: 0, max: 2 ** 32 }),
      epoch: fc.nat(20),
    });
    const property = fc.property(lengths, sizes, (counts, options) => {
      const batches = planBatches(counts, options);
      expect(ascending(rowsOf(batches))).toEqual([...counts.keys()]);
      expect(batches).toHaveLength(Math.ceil(counts.length / options.batchSize));
      expect(batches.filter((batch) => batch.rows.length !== options.batchSize).length).toBeLessThanOrEqual(1);
    });
    fc.assert(property, { seed: 1, numRuns: 200 });
  });

  it('plans the same for the same seed and epoch and otherwise not', () => {
    const lengths = reviewLengths(2000, 512);
    const plan = (seed: number, epoch: number): number[] =>
      rowsOf(planBatches(lengths, { batchSize: 16, seed, epoch }));
    expect(plan(1, 0)).toEqual(plan(1, 0));
    expect(plan(1, 0)).not.toEqual(plan(1, 1));
    expect(plan(1, 0)).not.toEqual(plan(2, 0));
  });

  it.each([
    { batchSize: 16, limit: 512 },
    { batchSize: 16, limit: 256 },
    { batchSize: 32, limit: 512 },
    { batchSize: 32, limit: 256 },
  ])('pads at most 3 % at $batchSize reviews of up to $limit tokens', ({ batchSize, limit }) => {
    const lengths = reviewLengths(25_000, limit);
    expect(paddingRatio(lengths, planBatches(lengths, { batchSize, seed: 0, epoch: 0 }))).toBeLessThan(0.03);
  });

  it('mixes short and long batches over the epoch', () => {
    const lengths = reviewLengths(3200, 512);
    const batches = planBatches(lengths, { batchSize: 16, seed: 0, epoch: 0 });
    const longest = batches.map((batch) => Math.max(...[...batch.rows].map((row) => lengths[row] ?? 0)));
    const mean = (values: number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
    expect(mean(longest.slice(0, 100)) / mean(longest.slice(100))).toBeCloseTo(1, 0);
    expect(longest).not.toEqual([...longest].sort((a, b) => a - b));
  });

  it('refuses sizes that are not positive integers', () => {
    for (const batchSize of [0, -1, 1.5, Number.NaN]) {
      expect(() => planBatches([1], { batchSize, seed: 0, epoch: 0 })).toThrow(DatasetError);
      expect(() => planSortedBatches([1], batchSize)).toThrow('batchSize must be a positive integer');
    }
    expect(() => planBatches([1], { batchSize: 1, seed: 0, epoch: 0, windowBatches: 0 })).toThrow('windowBatches');
  });
});

describe('planSortedBatches', () => {
  it('sorts all rows by length, ties in their order', () => {
    expect(planSortedBatches([5, 3, 5, 1, 3], 2).map((batch) => [...batch.rows])).toEqual([[3, 1], [4, 0], [2]]);
  });

  it('plans nothing for no rows', () => {
    expect(planSortedBatches([], 8)).toEqual([]);
    expect(paddingRatio([], [])).toBe(0);
  });
});

describe('paddingRatio', () => {
  it('counts padding tokens for each real token', () => {
    expect(paddingRatio([2, 4, 3], [{ rows: Uint32Array.of(0, 1) }, { rows: Uint32Array.of(2) }])).toBeCloseTo(
      2 / 9,
      12,
    );
  });
});
