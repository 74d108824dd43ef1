import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { formatReviews, readReviews, type Review } from '../src/index.js';

const TEXTS = [
  'plain',
  ' white space around ',
  'a "quoted" word, and a comma',
  'two\nlines',
  'a carriage return\r\nand one alone\rhere',
  "=1+1, then 'apostrophes' and a tab\t.",
  '"',
  '\uFEFFa mark at the start',
  '<br />fin\u00e9 \u{1F600}',
];

const withoutLines = (reviews: readonly Review[]): Omit<Review, 'line'>[] =>
  reviews.map(({ line: _, ...rest }) => rest);

test.each([
  { options: {}, group: undefined },
  { options: { textColumn: 'what, exactly', labelColumn: 'is it "good"', groupColumn: 'film' }, group: 'one, two' },
])('writes what is read again, $options', async ({ options, group }) => {
  const reviews = TEXTS.map((text, row): Review => {
    const label = row % 3 === 0 ? 1 : 0;
    return { text, label, line: 0, ...(group !== undefined && { group }) };
  });
  const file = join(await mkdtemp(join(tmpdir(), 'marquee-format-')), 'reviews.csv');
  await writeFile(file, formatReviews(reviews, options));
  expect(withoutLines(await readReviews(file, options))).toEqual(withoutLines(reviews));
});
