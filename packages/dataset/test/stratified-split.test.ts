import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { DatasetError, stratifiedSplit } from '../src/index.js';

const labelsOf = (negatives: number, positives: number): number[] => [
  ...new Array<number>(negatives).fill(0),
  ...new Array<number>(positives).fill(1),
];

describe('stratifiedSplit', () => {
  it('holds out the same fraction of each class', () => {
    const labels = labelsOf(300, 100);
    const { part, rest } = stratifiedSplit(labels, 0.1, 4);
    expect(part.filter((row) => labels[row] === 0)).toHaveLength(30);
    expect(part.filter((row) => labels[row] === 1)).toHaveLength(10);
    expect(rest).toHaveLength(360);
  });

  it('keeps rows of one group on one side', () => {
    const property = fc.property(
      fc.array(fc.record({ label: fc.constantFrom(0, 1), text: fc.nat(12) }), { minLength: 2, maxLength: 80 }),
      fc.double({ min: 0.05, max: 0.95, noNaN: true }),
      fc.nat(),
      (rows, fraction, seed) => {
        const groups = rows.map((row) => `digest-${row.text}`);
        const { part, rest } = stratifiedSplit(
          rows.map((row) => row.label),
          fraction,
          seed,
          groups,
        );
        expect([...part, ...rest].sort((a, b) => a - b)).toEqual([...rows.keys()]);
        const held = new Set(part.map((row) => groups[row]));
        expect(rest.some((row) => held.has(groups[row]))).toBe(false);
      },
    );
    fc.assert(property, { seed: 8, numRuns: 200 });
  });

  it('holds out at least one row of a class with two, and leaves one', () => {
    expect(stratifiedSplit(labelsOf(2, 2), 0.01, 0).part).toHaveLength(2);
    expect(stratifiedSplit(labelsOf(2, 2), 0.99, 0).rest).toHaveLength(2);
    expect(stratifiedSplit(labelsOf(1, 1), 0.5, 0).part).toEqual([]);
  });

  it('splits the same for the same seed and otherwise not', () => {
    const labels = labelsOf(100, 100);
    expect(stratifiedSplit(labels, 0.2, 1)).toEqual(stratifiedSplit(labels, 0.2, 1));
    expect(stratifiedSplit(labels, 0.2, 1)).not.toEqual(stratifiedSplit(labels, 0.2, 2));
  });

  it('refuses a fraction outside (0, 1) and groups that do not match', () => {
    for (const fraction of [0, 1, -0.1, Number.NaN])
      expect(() => stratifiedSplit([0, 1], fraction, 0)).toThrow(DatasetError);
    expect(() => stratifiedSplit([0, 1], 0.5, 0, ['a'])).toThrow('expected 2 groups, one a row, got 1');
  });
});
