import { describe, expect, it } from 'vitest';

import { type DataReport, findDuplicates, reportData, type ReportedPart, rowDigest } from '../src/index.js';

const LABELS = ['negative', 'positive'];
const LONG =
  'the quiet lantern keeper walks home along the frozen harbor and nobody asks him where he has been tonight';

function report(parts: readonly Omit<ReportedPart, 'lines'>[]): DataReport {
  const numbered = parts.map((part) => ({ ...part, lines: part.texts.map((_, row) => row + 2) }));
  const texts = parts.flatMap((part) => part.texts);
  return reportData(numbered, findDuplicates(texts, texts.map(rowDigest)), LABELS);
}

const partOf = (texts: readonly string[], labels?: readonly number[]): DataReport['parts'][string] => {
  const part = report([{ name: 'data', texts, ...(labels && { labels }) }]).parts['data'];
  if (!part) throw new Error('no part is reported');
  return part;
};

describe('the data report', () => {
  it('counts labels, and has none for unlabeled rows', () => {
    expect(partOf(['a', 'b', 'c'], [1, 0, 1]).labels).toEqual({ negative: 1, positive: 2 });
    expect(partOf(['a'], [1]).labels).toEqual({ negative: 0, positive: 1 });
    expect(partOf(['a']).labels).toEqual({});
  });

  it('describes lengths in characters, words and tokens', () => {
    const texts = Array.from({ length: 100 }, (_, index) => 'ab '.repeat(index + 1).trim());
    const { lengths } =
      report([{ name: 'data', texts, tokenCounts: texts.map((_, index) => index + 3) }]).parts['data'] ?? {};
    expect(lengths?.words).toEqual({ least: 1, median: 50, mean: 50.5, p90: 90, p99: 99, most: 100 });
    expect(lengths?.characters).toMatchObject({ least: 2, most: 299 });
    expect(lengths?.tokens).toMatchObject({ least: 3, most: 102 });
    expect(partOf(['a']).lengths).not.toHaveProperty('tokens');
  });

  it('counts rows without words and rows with HTML', () => {
    const { withoutWords, html } = partOf([
      '<br /> ...',
      '5 < 6 & 7 > 2',
      'a<br />b',
      'Tom &amp; co',
      '&#233;',
      'plain',
    ]);
    expect(withoutWords).toBe(1);
    expect(html).toEqual({ rows: 4, share: 4 / 6 });
  });

  it('counts rows with odd characters by their kind', () => {
    const texts = [
      'plain\ttext\n',
      'caf\u00e9',
      'caf\u00c3\u00a9',
      'it\u00e2\u20ac\u2122s',
      '\u0096',
      'bell\x07',
      '\ufffd',
      '\u200b',
      '\ud800',
      '👎',
    ];
    expect(partOf(texts).characters).toEqual({
      nonAscii: 8,
      control: 2,
      replacement: 1,
      mojibake: 2,
      invisible: 1,
      loneSurrogate: 1,
    });
  });

  it('counts identical, equal and nearly equal copies, and conflicting labels, with their lines', () => {
    const texts = [LONG, 'other', LONG, LONG.replace(' ', '<br />'), `${LONG} again`, 'one', 'two', 'One'];
    const { copies, conflicts } = partOf(texts, [1, 0, 1, 1, 0, 1, 0, 1]);
    expect(copies).toEqual({
      identical: { groups: 1, rows: 2, surplus: 1 },
      equal: { groups: 1, rows: 3, surplus: 2 },
      near: { groups: 2, rows: 6, surplus: 4 },
      lines: [
        [2, 4, 5, 6],
        [7, 9],
      ],
    });
    expect(conflicts).toEqual({ equal: 0, near: 1, lines: [[2, 4, 5, 6]] });
  });

  it('counts the reviews that two parts share', () => {
    const { overlaps, parts } = report([
      { name: 'train', texts: ['a', LONG, LONG, 'b'] },
      { name: 'validation', texts: ['c'] },
      { name: 'test', texts: ['d', `${LONG} again`, 'B', 'a'] },
    ]);
    expect(overlaps).toEqual([
      {
        parts: ['train', 'test'],
        identical: 1,
        equal: 1,
        near: 3,
        nearRows: [4, 3],
        lines: [
          [2, 5],
          [3, 3],
          [5, 4],
        ],
      },
    ]);
    expect(parts['train']?.copies.identical.surplus).toBe(1);
    expect(parts['test']?.copies.near.surplus).toBe(0);
  });

  it('is plain JSON without a word of any review', () => {
    const whole = report([{ name: 'data', texts: [LONG, `${LONG} again`, LONG], labels: [0, 1, 0] }]);
    const json = JSON.stringify(whole);
    expect(JSON.parse(json)).toEqual(whole);
    for (const word of ['lantern', 'harbor', 'again']) expect(json).not.toContain(word);
  });

  it('has zeros for a part without rows', () => {
    expect(partOf([], [])).toMatchObject({
      rows: 0,
      html: { rows: 0, share: 0 },
      lengths: { words: { mean: 0, most: 0 } },
    });
  });
});
