import { gzipSync } from 'node:zlib';

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { readReviews, visitRows } from '../src/index.js';
import { quoted, writeTemporary } from './support.js';

describe('readReviews', () => {
  it('reads text, class id and line', async () => {
    const file = await writeTemporary('review,sentiment\nFine film,positive\n"Dull, long",negative\n');
    expect(await readReviews(file)).toEqual([
      { text: 'Fine film', label: 1, line: 2 },
      { text: 'Dull, long', label: 0, line: 3 },
    ]);
  });

  it('counts lines of the file where quoted reviews hold newlines', async () => {
    const file = await writeTemporary(
      'review,sentiment\n"one\ntwo\n\nfour",positive\nflat,negative\n"a\nb",positive\nend,negative',
    );
    expect((await readReviews(file)).map((review) => review.line)).toEqual([2, 6, 7, 9]);
  });

  it('counts newlines in every column', async () => {
    const file = await writeTemporary('"no\nte",review,sentiment\n"x\ny",good,positive\nz,bad,negative\n');
    expect((await readReviews(file)).map((review) => review.line)).toEqual([3, 5]);
  });

  it('leaves out blank lines and counts them', async () => {
    const file = await writeTemporary('\nreview,sentiment\n\n  \ngood,positive\n\n\nbad,negative\n\n\n');
    expect((await readReviews(file)).map((review) => review.line)).toEqual([5, 8]);
  });

  it('takes an empty field in quotes of a single column for a row, and a blank line for none', async () => {
    const filler = `${'x'.repeat(1000)}\n`.repeat(1500); // more than a block
    const rows = 'fine\n\n""\n  \n"  "\r\n"\n"\n"two ""\n""\nlines"\n""\ndull';
    const seen: (readonly [string, number])[] = [];
    const file = await writeTemporary(`review\n${filler}${rows}\n\n`);
    await visitRows(file, { columns: ['review'], maxRows: Infinity }, ([text = ''], line) => seen.push([text, line]));
    expect(seen.slice(1500)).toEqual([
      ['fine', 1502],
      ['', 1504],
      ['  ', 1506],
      ['\n', 1507],
      ['two "\n"\nlines', 1509],
      ['', 1512],
      ['dull', 1513],
    ]);
  });

  it('takes line ends of every kind, mixed too', async () => {
    for (const content of [
      'review,sentiment\r\n"a\r\nb",positive\r\nc,negative\r\n',
      'review,sentiment\r\n"a\r\nb",positive\nc,negative\n',
      'review,sentiment\n"a\r\nb",positive\r\nc,negative',
    ]) {
      const reviews = await readReviews(await writeTemporary(content));
      expect(reviews).toEqual([
        { text: 'a\r\nb', label: 1, line: 2 },
        { text: 'c', label: 0, line: 4 },
      ]);
    }
    const classicMac = await readReviews(await writeTemporary('review,sentiment\r"a\rb",positive\rc,negative\r'));
    expect(classicMac.map((review) => review.line)).toEqual([2, 4]);
  });

  it('takes the carriage return off an unquoted last column', async () => {
    const file = await writeTemporary('sentiment,review\r\npositive,fine\r\nnegative,"dull"\r\n');
    expect((await readReviews(file)).map((review) => review.text)).toEqual(['fine', 'dull']);
  });

  it('reads the same from a gzip file and from several members of one', async () => {
    const [head, tail] = ['review,sentiment\nfine,positive\n', 'dull,negative\n'];
    const plain = await readReviews(await writeTemporary(head + tail));
    expect(await readReviews(await writeTemporary(gzipSync(head + tail), 'r.csv.gz'))).toEqual(plain);
    const members = Buffer.concat([gzipSync(head), gzipSync(tail)]);
    expect(await readReviews(await writeTemporary(members, 'r.csv.gz'))).toEqual(plain);
  });

  it('strips a byte order mark before a quoted header', async () => {
    const file = await writeTemporary('\ufeff"review","sentiment"\nfine,positive\n');
    expect(await readReviews(file)).toHaveLength(1);
  });

  it('trims headers and labels but no review', async () => {
    const file = await writeTemporary(' review , sentiment \n"  fine ", positive \n');
    expect(await readReviews(file)).toEqual([{ text: '  fine ', label: 1, line: 2 }]);
  });

  it('keeps quotes inside an unquoted review', async () => {
    const file = await writeTemporary('review,sentiment\nA 5" disc of "junk",negative\n');
    expect((await readReviews(file))[0]?.text).toBe('A 5" disc of "junk"');
  });

  it('reads columns and labels under other names', async () => {
    const file = await writeTemporary('id,label,text\n7,neg,dull\n8,pos,fine\n');
    const options = { textColumn: 'text', labelColumn: 'label', labels: ['neg', 'pos'] };
    expect((await readReviews(file, options)).map((review) => review.label)).toEqual([0, 1]);
  });

  it('reads columns named like properties of every object', async () => {
    const file = await writeTemporary('__proto__,constructor\nfine,positive\n');
    const options = { textColumn: '__proto__', labelColumn: 'constructor' };
    expect(await readReviews(file, options)).toEqual([{ text: 'fine', label: 1, line: 2 }]);
  });

  it('stops after maxRows, before flaws further down', async () => {
    const file = await writeTemporary('review,sentiment\na,positive\nb,negative\nc,what\n');
    expect(await readReviews(file, { maxRows: 2 })).toHaveLength(2);
    expect(await readReviews(file, { maxRows: 1 })).toHaveLength(1);
  });

  it('stays right across the blocks of a file of several MiB', async () => {
    const rows = Array.from({ length: 3000 }, (_, row) => {
      const filler = 'né "à",\r\n'.repeat(row % 211);
      return { text: `${row} ${filler}end`, label: row % 2 };
    });
    const body = rows.map(({ text, label }) => `${quoted(text)},${label ? 'positive' : 'negative'}\n`);
    const file = await writeTemporary(`review,sentiment\n${body.join('')}`);

    const reviews = await readReviews(file);
    expect(reviews.map(({ text, label }) => ({ text, label }))).toEqual(rows);
    let line = 2;
    for (const [row, review] of reviews.entries()) {
      expect(review.line).toBe(line);
      line += 1 + (row % 211);
    }
  });

  it('reads a review of 10 MB that holds newlines', async () => {
    const text = 'word\n'.repeat(2e6);
    const file = await writeTemporary(`review,sentiment\n${quoted(text)},positive\nshort,negative\n`);
    const reviews = await readReviews(file);
    expect(reviews[0]?.text.length).toBe(1e7);
    expect(reviews[1]?.line).toBe(3 + 2e6);
  });

  it('gives back any text that was written in quotes', async () => {
    const words = fc.constantFrom(
      'good',
      '"',
      '""',
      ',',
      '\n',
      '\r\n',
      ' ',
      '<br />',
      'naïve',
      '🎬',
      '\u0000',
      "'",
      '\t',
      ';',
    );
    const text = fc
      .array(words, { minLength: 1, maxLength: 12 })
      .map((parts) => parts.join(''))
      .filter((written) => written.replaceAll('<br />', ' ').trim() !== '');
    const row = fc.record({ text, label: fc.constantFrom(0, 1) });
    const property = fc.asyncProperty(fc.array(row, { minLength: 1, maxLength: 8 }), async (rows) => {
      const lines = rows.map((one) => `${quoted(one.text)},${one.label ? 'positive' : 'negative'}`);
      const content = ['review,sentiment', ...lines].join('\n');
      const reviews = await readReviews(await writeTemporary(content));
      expect(reviews.map(({ text, label }) => ({ text, label }))).toEqual(rows);
      for (const [index, review] of reviews.entries()) {
        const before = ['review,sentiment', ...lines.slice(0, index)].join('\n');
        expect(review.line).toBe(before.split('\n').length + 1);
      }
    });
    await fc.assert(property, { seed: 3, numRuns: 150 });
  });
});
