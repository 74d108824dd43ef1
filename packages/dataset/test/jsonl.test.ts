import { gzipSync } from 'node:zlib';

import { describe, expect, it } from 'vitest';

import { readReviews, visitTexts } from '../src/index.js';
import { errorOf, quoted, readingError, writeTemporary } from './support.js';

const ROWS = [
  { review: 'A "fine" film,\nin two lines.', sentiment: 'positive' },
  { review: 'Dull.<br /><br />Très dull 👎', sentiment: 'negative' },
];
const jsonl = (rows: readonly unknown[], lineEnd = '\n'): string =>
  rows.map((row) => JSON.stringify(row) + lineEnd).join('');
const GOOD = jsonl(ROWS);

describe('a JSON lines file', () => {
  it('holds the reviews that a CSV with the same columns holds', async () => {
    const csv = `review,sentiment\n${ROWS.map(({ review, sentiment }) => `${quoted(review)},${sentiment}\n`).join('')}`;
    const fromCsv = await readReviews(await writeTemporary(csv));
    const expected = fromCsv.map(({ text, label }, index) => ({ text, label, line: index + 1 }));
    for (const [name, bytes] of Object.entries({
      'a.jsonl': GOOD,
      'a.ndjson': GOOD,
      'a.JSONL': GOOD,
      'a.jsonl.gz': gzipSync(GOOD),
      'windows.jsonl': jsonl(ROWS, '\r\n'),
      'with-mark.jsonl': `\ufeff${GOOD}`,
      'no-last-line-end.jsonl': GOOD.trimEnd(),
      'sniffed.txt': GOOD,
      'sniffed.gz': gzipSync(GOOD),
    })) {
      expect(await readReviews(await writeTemporary(bytes, name)), name).toEqual(expected);
    }
  });

  it('is told from CSV by its first character where the name does not say', async () => {
    const csv = 'review,sentiment\nfine,positive\n';
    expect(await readReviews(await writeTemporary(csv, 'reviews.data'))).toHaveLength(1);
    expect(await readReviews(await writeTemporary(`\n\n${GOOD}`, 'reviews.data'))).toHaveLength(2);
  });

  it('may have blank lines, which count as lines, and other fields, which are not read', async () => {
    const rows = `\n${JSON.stringify({ id: null, ...ROWS[0] })}\n \n${JSON.stringify({ ...ROWS[1], more: [1] })}\n`;
    const reviews = await readReviews(await writeTemporary(rows, 'a.jsonl'));
    expect(reviews.map(({ line }) => line)).toEqual([2, 4]);
  });

  it('counts lines over blocks', async () => {
    const row = { review: 'x'.repeat(1000), sentiment: 'positive' };
    const large = jsonl(Array<unknown>(5000).fill(row)) + '{"review":"y"}\n';
    expect(await readingError(large, {}, 'a.jsonl')).toMatchObject({ code: 'MISSING_COLUMN', line: 5001 });
  });

  it('stops at maxRows, before what follows is looked at', async () => {
    expect(await readReviews(await writeTemporary(`${GOOD}not JSON`, 'a.jsonl'), { maxRows: 2 })).toHaveLength(2);
  });

  const flaws: Record<string, { line: string; code: string; message: string }> = {
    'that is no JSON': {
      line: '{"review": "secret',
      code: 'MALFORMED_JSON',
      message: 'expected one JSON object a line, got what is not JSON',
    },
    'that is an array': {
      line: '[1]',
      code: 'MALFORMED_JSON',
      message: 'expected one JSON object a line, got an array',
    },
    'that is a text': {
      line: '"secret"',
      code: 'MALFORMED_JSON',
      message: 'expected one JSON object a line, got a string',
    },
    'that is null': { line: 'null', code: 'MALFORMED_JSON', message: 'expected one JSON object a line, got null' },
    'without the text': {
      line: '{"text": "secret", "sentiment": "positive"}',
      code: 'MISSING_COLUMN',
      message: 'expected a field named "review", found "text", "sentiment"',
    },
    'without any field': { line: '{}', code: 'MISSING_COLUMN', message: 'expected a field named "review", found none' },
    'whose text is none': {
      line: '{"review": {"a": "secret"}, "sentiment": "positive"}',
      code: 'MALFORMED_JSON',
      message: 'expected a text in "review", got an object',
    },
    'whose text is null': {
      line: '{"review": null, "sentiment": "positive"}',
      code: 'MALFORMED_JSON',
      message: 'expected a text in "review", got null',
    },
    'with an empty text': {
      line: '{"review": " <br /> ", "sentiment": "positive"}',
      code: 'EMPTY_REVIEW',
      message: 'review must hold text, got an empty review',
    },
    'with an unknown label': {
      line: '{"review": "secret", "sentiment": 1}',
      code: 'UNKNOWN_LABEL',
      message: 'sentiment must be "negative" or "positive", got "1"',
    },
    'with a text for a label': {
      line: '{"review": "a", "sentiment": "a secret of mine"}',
      code: 'UNKNOWN_LABEL',
      message: 'got a text of 16 characters',
    },
  };
  it.each(Object.entries(flaws))('is refused at a line %s', async (_, { line, code, message }) => {
    const error = await readingError(`${GOOD}${line}\n`, {}, 'a.jsonl');
    expect(error).toMatchObject({ code, line: 3 });
    expect(error.message).toContain('a.jsonl line 3: ');
    expect(error.message).toContain(message);
    expect(error.message).not.toContain('secret');
    expect(String(error.cause)).not.toContain('secret');
  });

  it('is refused when it has no row, is not UTF-8 or no gzip', async () => {
    const empty = await readingError('\n', {}, 'a.jsonl');
    expect(empty).toMatchObject({ code: 'EMPTY_FILE' });
    expect(empty.message).toContain('expected at least one review, got nothing');
    const latin1 = Buffer.from(`${GOOD}{"review": "caf\u00e9"}`, 'latin1');
    expect(await readingError(latin1, {}, 'a.jsonl')).toMatchObject({ code: 'NOT_UTF8', line: 2 });
    expect(await readingError(GOOD, {}, 'a.jsonl.gz')).toMatchObject({ code: 'NOT_GZIP' });
    const one = jsonl([ROWS[0]]);
    expect(await readingError(one, { requireBothClasses: true }, 'a.jsonl')).toMatchObject({ code: 'ONE_CLASS' });
  });
});

describe('a group column', () => {
  it('is read where it is asked for, from CSV and JSON lines', async () => {
    const csv = await writeTemporary('film,review,sentiment\n 7 ,fine,positive\n,dull,negative\n');
    const expected = [
      { text: 'fine', label: 1, line: 2, group: '7' },
      { text: 'dull', label: 0, line: 3, group: '' },
    ];
    expect(await readReviews(csv, { groupColumn: 'film' })).toEqual(expected);
    const lines = await writeTemporary(jsonl([{ ...ROWS[0], film: 7 }]), 'a.jsonl');
    expect((await readReviews(lines, { groupColumn: 'film' }))[0]?.group).toBe('7');
    expect(await errorOf(readReviews(csv, { groupColumn: 'year' }))).toMatchObject({ code: 'MISSING_COLUMN' });
  });
});

describe('visitTexts', () => {
  const visited = async (file: string, options = {}): Promise<[string, number][]> => {
    const found: [string, number][] = [];
    await visitTexts(file, options, (text, line) => found.push([text, line]));
    return found;
  };

  it('reads files without labels, and those of labeled ones', async () => {
    const expected = [
      ['a', 2],
      ['b\nc', 3],
      ['d', 5],
    ];
    expect(await visited(await writeTemporary('review\na\n"b\nc"\nd\n'))).toEqual(expected);
    expect(await visited(await writeTemporary('review,sentiment\na,what\n"b\nc",ever\nd,\n'))).toEqual(expected);
    expect(await visited(await writeTemporary('{"body":"a"}\n', 'a.jsonl'), { textColumn: 'body' })).toEqual([
      ['a', 1],
    ]);
  });

  it('stops after maxRows and refuses none', async () => {
    const file = await writeTemporary('review\na\nb\n<br />\n');
    expect(await visited(file, { maxRows: 2 })).toHaveLength(2);
    expect(await errorOf(visited(file, { maxRows: 0 }))).toMatchObject({ code: 'INVALID_OPTION' });
    expect(await errorOf(visited(file))).toMatchObject({ code: 'EMPTY_REVIEW', line: 4 });
  });
});
