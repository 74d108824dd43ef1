import { describe, expect, it } from 'vitest';

import { applySplitRecord, type DatasetError, parseSplitRecord, type SplitRecord } from '../src/index.js';

const [A, B, C] = ['aaaaaaaaaaaaaaaa', 'bbbbbbbbbbbbbbbb', 'cccccccccccccccc'] as const;
const RECORD: SplitRecord = {
  formatVersion: 1,
  source: { sha256: '0'.repeat(64), rows: 4 },
  seed: 3,
  parts: { train: [A, A], validation: [B], test: [C] },
};
const parse = (record: unknown): SplitRecord => parseSplitRecord(JSON.stringify(record), 'split.json');

describe('a split record', () => {
  it('divides rows in any order as it has them, copies with their original', () => {
    expect(parse(RECORD)).toEqual(RECORD);
    expect(applySplitRecord(RECORD, [C, A, B, A], 'split.json')).toEqual({ train: [1, 3], validation: [2], test: [0] });
  });

  it('refuses other rows, missing rows and other numbers of copies, and counts them', () => {
    const message = (digests: readonly string[]): string => {
      try {
        applySplitRecord(RECORD, digests, 'split.json');
        return '';
      } catch (error) {
        expect(error).toMatchObject({ code: 'SPLIT_MISMATCH', file: 'split.json' });
        return (error as DatasetError).message;
      }
    };
    const expected = 'split.json: expected the data of this split, 2 / 1 / 1 rows, found ';
    expect(message([A, A, B, 'dddddddddddddddd'])).toBe(`${expected}2 / 1 / 0 of them and 1 rows that are in none`);
    expect(message([A, A, B])).toBe(`${expected}2 / 1 / 0 of them and 0 rows that are in none`);
    expect(message([A, B, C])).toContain('1 / 1 / 1 of them');
  });

  it('is refused where it is none', () => {
    const { parts } = RECORD;
    const flaws: readonly [unknown, string][] = [
      [null, 'formatVersion 1, got null'],
      [{ ...RECORD, formatVersion: 2 }, 'formatVersion 1, got 2'],
      [{ ...RECORD, parts: undefined }, 'a list of row digests in parts.train'],
      [{ ...RECORD, parts: { ...parts, test: 'all' } }, 'a list of row digests in parts.test'],
      [{ ...RECORD, parts: { ...parts, test: ['A review'] } }, 'digests of 16 hexadecimal digits in parts.test'],
      [{ ...RECORD, parts: { ...parts, test: [A] } }, `row ${A} in one part, found it in train and test`],
    ];
    for (const [record, message] of flaws) expect(() => parse(record)).toThrow(message);
    expect(() => parseSplitRecord('{', 'split.json')).toThrow('split.json: expected the JSON of a split');
  });
});
