import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { DatasetError, groupedSplit } from '../src/index.js';

const SHARES = [0.8, 0.1, 0.1];
const alone = (size: number): number[] => Array.from({ length: size }, (_, row) => row);
const sizes = (parts: readonly (readonly number[])[]): number[] => parts.map(({ length }) => length);

describe('groupedSplit', () => {
  it('deals 50,000 rows as 40,000, 5,000 and 5,000 with equal classes, groups of two to nine among them', () => {
    const labels = alone(50_000).map((row) => row % 2);
    // Every hundredth row begins a group of 2 to 9 rows of both classes.
    const groups = alone(50_000).map((row) => (row % 100 < 2 + (((row / 100) | 0) % 8) ? row - (row % 100) : row));
    const parts = groupedSplit({ labels, groups, shares: SHARES, seed: 42 });
    expect(sizes(parts)).toEqual([40_000, 5000, 5000]);
    expect(parts.map((rows) => rows.filter((row) => labels[row] === 1).length)).toEqual([20_000, 2500, 2500]);
  });

  it('keeps groups whole, covers every row once, and is exact where every row is alone', () => {
    const rows = fc.array(fc.record({ label: fc.nat(1), group: fc.nat(25) }), { minLength: 1, maxLength: 120 });
    const property = fc.property(rows, fc.nat(), fc.boolean(), (data, seed, grouped) => {
      const labels = data.map(({ label }) => label);
      const groups = grouped ? data.map(({ group }) => group) : alone(data.length);
      const parts = groupedSplit({ labels, groups, shares: SHARES, seed });
      expect(parts.flat().sort((a, b) => a - b)).toEqual(alone(data.length));
      const partsOfGroup = new Map<number, Set<number>>();
      parts.forEach((members, part) => {
        for (const row of members) {
          const key = groups[row] ?? 0;
          partsOfGroup.set(key, (partsOfGroup.get(key) ?? new Set()).add(part));
        }
      });
      for (const found of partsOfGroup.values()) expect(found.size).toBe(1);
      if (grouped) return;
      const tenth = Math.round(data.length / 10);
      expect(sizes(parts)).toEqual([data.length - 2 * tenth, tenth, tenth]);
      const positives = labels.filter((label) => label === 1).length;
      const inTest = (parts[2] ?? []).filter((row) => labels[row] === 1).length;
      expect(Math.abs(inTest - (tenth * positives) / data.length)).toBeLessThanOrEqual(2);
    });
    fc.assert(property, { seed: 11, numRuns: 300 });
  });

  it('deals a group larger than its part to one part all the same', () => {
    const parts = groupedSplit({ labels: [0, 1, 0, 1, 0, 1], groups: [0, 0, 0, 0, 0, 0], shares: SHARES, seed: 1 });
    expect(sizes(parts)).toEqual([6, 0, 0]);
  });

  it('deals the same for the same seed and otherwise not', () => {
    const labels = alone(200).map((row) => row % 2);
    const deal = (seed: number): number[][] => groupedSplit({ labels, groups: alone(200), shares: SHARES, seed });
    expect(deal(1)).toEqual(deal(1));
    expect(deal(1)).not.toEqual(deal(2));
  });

  it('draws parts by chance: over 200 seeds a row is in the test part about 20 times', () => {
    const labels = alone(100).map((row) => row % 2);
    const counts = new Uint32Array(100);
    for (let seed = 0; seed < 200; seed++) {
      const [, , test = []] = groupedSplit({ labels, groups: alone(100), shares: SHARES, seed });
      for (const row of test) counts[row] = (counts[row] ?? 0) + 1;
    }
    // Five standard deviations of a binomial count: 5 · √(200 · 0.1 · 0.9) = 21.
    expect(Math.max(...counts)).toBeLessThan(41);
    expect(Math.min(...counts)).toBeGreaterThan(1);
  });

  it('refuses shares that do not sum to one and groups that do not match', () => {
    for (const shares of [
      [0.5, 0.4],
      [1.5, -0.5],
      [NaN, 1],
    ]) {
      expect(() => groupedSplit({ labels: [0, 1], groups: [0, 1], shares, seed: 0 })).toThrow(DatasetError);
    }
    expect(() => groupedSplit({ labels: [0, 1], groups: [0], shares: [1], seed: 0 })).toThrow('expected 2 groups');
  });
});
