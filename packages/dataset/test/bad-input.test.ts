import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';

import { describe, expect, it } from 'vitest';

import { fileDigest, readReviews } from '../src/index.js';
import { errorOf, readingError, writeTemporary } from './support.js';

const HEADER = 'review,sentiment\n';

describe('bad input', () => {
  it('names a file that is not there', async () => {
    const error = await errorOf(readReviews('nowhere/train.csv'));
    expect(error).toMatchObject({ code: 'FILE_NOT_FOUND', file: 'nowhere/train.csv', line: undefined });
    expect(error.message).toBe('nowhere/train.csv: expected a file, found none');
    expect(await errorOf(readReviews('nowhere/train.csv.gz'))).toMatchObject({ code: 'FILE_NOT_FOUND' });
    expect(await errorOf(fileDigest('nowhere/train.csv'))).toMatchObject({ code: 'FILE_NOT_FOUND' });
  });

  it('refuses a folder', async () => {
    const folder = join(dirname(await writeTemporary('')), 'folder.csv');
    await mkdir(folder);
    expect(await errorOf(readReviews(folder))).toMatchObject({ code: 'UNREADABLE_FILE', file: folder });
  });

  it('refuses a .gz file that is not gzip, is cut short or is damaged', async () => {
    const whole = gzipSync(`${HEADER}fine,positive\n`.repeat(50));
    const damaged = Buffer.from(whole);
    damaged[damaged.length - 6] = (damaged[damaged.length - 6] ?? 0) ^ 0xff;
    for (const bytes of [Buffer.from(HEADER), whole.subarray(0, -12), damaged]) {
      expect(await readingError(bytes, {}, 'train.csv.gz')).toMatchObject({ code: 'NOT_GZIP' });
    }
  });

  it('names the line of the first byte that is not UTF-8', async () => {
    const latin1 = Buffer.from(`${HEADER}fine,positive\n"two\nlines",negative\ncaf\u00e9,positive\n`, 'latin1');
    const error = await readingError(latin1);
    expect(error).toMatchObject({ code: 'NOT_UTF8', line: 5 });
    expect(error.message).toMatch(/reviews\.csv line 5: expected UTF-8 text, got bytes that are not$/);
  });

  it('names the line of such a byte far into a large file', async () => {
    const rows = 'fine à,positive\n'.repeat(200_000);
    const error = await readingError(Buffer.concat([Buffer.from(HEADER + rows), Buffer.from([0xe9, 0x0a])]));
    expect(error).toMatchObject({ code: 'NOT_UTF8', line: 200_002 });
  });

  it('tells UTF-16, gzip and ZIP from text', async () => {
    const utf16 = await readingError(Buffer.from(`\ufeff${HEADER}fine,positive\n`, 'utf16le'));
    expect(utf16).toMatchObject({ code: 'NOT_UTF8', line: 1 });
    expect(utf16.message).toContain('UTF-16');
    expect((await readingError(gzipSync(HEADER))).message).toContain('name such a file .csv.gz');
    expect((await readingError(Buffer.from('504b030414000000ff', 'hex'))).message).toContain('ZIP archive');
  });

  it('refuses a file without a review', async () => {
    for (const content of ['', '\n\n', '\ufeff', HEADER, `${HEADER}\n`]) {
      expect(await readingError(content)).toMatchObject({ code: 'EMPTY_FILE' });
    }
  });

  it('lists the columns found when one is missing', async () => {
    const error = await readingError('text,sentiment\nfine,positive\n');
    expect(error).toMatchObject({ code: 'MISSING_COLUMN', line: 1 });
    expect(error.message).toMatch(/line 1: expected a column named "review", found "text", "sentiment"$/);
    expect((await readingError('review;sentiment\nfine;positive\n')).message).toContain('found "review;sentiment"');
    expect(await readingError(`${HEADER}fine,positive\n`, { labelColumn: 'label' })).toMatchObject({
      code: 'MISSING_COLUMN',
    });
  });

  it('keeps a review that stands in the place of the header out of the message', async () => {
    const error = await readingError('"It was a secret masterpiece of its time",positive\n');
    expect(error.message).toContain('found a text of 39 characters, "positive"');
  });

  it('refuses a column that comes twice', async () => {
    expect(await readingError('review,review,sentiment\na,b,positive\n')).toMatchObject({
      code: 'DUPLICATE_COLUMN',
      line: 1,
    });
  });

  it('names the line of an unknown label and what was expected', async () => {
    const error = await readingError(`${HEADER}"a\nb",positive\nfine,postive\n`);
    expect(error).toMatchObject({ code: 'UNKNOWN_LABEL', line: 4 });
    expect(error.message).toMatch(/line 4: sentiment must be "negative" or "positive", got "postive"$/);
    for (const label of ['Positive', '1', '', '__proto__', 'toString']) {
      expect(await readingError(`${HEADER}fine,${label}\n`)).toMatchObject({ code: 'UNKNOWN_LABEL', line: 2 });
    }
  });

  it('keeps a review that stands in the place of a label out of the message', async () => {
    const error = await readingError(`${HEADER}positive,a secret masterpiece\n`);
    expect(error.message).toContain('got a text of 20 characters');
  });

  it('names the line of an empty review', async () => {
    for (const review of ['', '   ', '" \n "', '<br />', '"<br /> <br />"', '\u00a0']) {
      const error = await readingError(`${HEADER}fine,positive\n${review},negative\n`);
      expect(error).toMatchObject({ code: 'EMPTY_REVIEW', line: 3 });
      expect(error.message).toMatch(/line 3: review must hold text, got an empty review$/);
    }
  });

  it('names the line where a record with an unclosed quote starts', async () => {
    const error = await readingError(`${HEADER}"a\nb",positive\n"never closed,negative\nfine,positive\n`);
    expect(error).toMatchObject({ code: 'UNCLOSED_QUOTE', line: 4 });
    expect(error.message).toMatch(/line 4: the quote opened in the record that starts here is never closed/);
    expect(await readingError(`${HEADER}fine,"positive`)).toMatchObject({ code: 'UNCLOSED_QUOTE', line: 2 });
  });

  it('names that line also where a later quote seems to close it', async () => {
    const error = await readingError(`${HEADER}fine,positive\n"open,negative\n"closed",positive\n`);
    expect(error).toMatchObject({ code: 'MALFORMED_QUOTE', line: 3 });
    expect(error.message).toContain('a quote is not closed');
  });

  it('refuses quotes inside a quoted field that are not doubled', async () => {
    const error = await readingError(`${HEADER}"a ""fine"" film",positive\n"a "dull" film",negative\n`);
    expect(error).toMatchObject({ code: 'MALFORMED_QUOTE', line: 3 });
    expect(error.message).toContain('not doubled');
  });

  it('gives up on an unclosed quote that swallows a large file', { timeout: 60_000 }, async () => {
    const row = `${'x'.repeat(1023)}\n`;
    const error = await readingError(`${HEADER}"open ${row.repeat(80 * 1024)}`);
    expect(error).toMatchObject({ code: 'UNCLOSED_QUOTE', line: 2 });
  });

  it('counts the fields of every record', async () => {
    const error = await readingError(`${HEADER}fine,positive\ngood, bad,negative\n`);
    expect(error).toMatchObject({ code: 'WRONG_FIELD_COUNT', line: 3 });
    expect(error.message).toMatch(
      /expected 2 fields as in the header, got 3 \(a field that holds a comma must stand in quotes\)$/,
    );
    expect(await readingError(`${HEADER}fine\n`)).toMatchObject({ code: 'WRONG_FIELD_COUNT', line: 2 });
  });

  it('refuses one class where both are required', async () => {
    const content = `${HEADER}fine,positive\ngood,positive\n`;
    const error = await readingError(content, { requireBothClasses: true });
    expect(error).toMatchObject({ code: 'ONE_CLASS', line: undefined });
    expect(error.message).toContain('expected reviews of both labels, got only "positive" in 2 reviews');
    const flawless = await readReviews(await writeTemporary(`${content}dull,negative\n`), { requireBothClasses: true });
    expect(flawless).toHaveLength(3);
  });

  it('never prints the text of a review', async () => {
    const secret = 'Xylophone quagmire';
    for (const body of [
      `${secret},what\n`,
      `${secret},,positive\n`,
      `"${secret},positive\n`,
      `"${secret} "x" y",positive\n`,
      `${secret}\n`,
      `positive,${secret}\n`,
    ]) {
      expect((await readingError(HEADER + body)).message).not.toContain('Xylophone');
    }
  });

  it('refuses options that make no sense', async () => {
    const file = await writeTemporary(`${HEADER}fine,positive\n`);
    for (const options of [
      { labels: ['a'] },
      { labels: ['a', 'a'] },
      { maxRows: 0 },
      { maxRows: 1.5 },
      { maxRows: Number.NaN },
    ]) {
      expect(await errorOf(readReviews(file, options))).toMatchObject({ code: 'INVALID_OPTION' });
    }
  });
});
