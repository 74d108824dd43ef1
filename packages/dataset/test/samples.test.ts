import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { describe, expect, it } from 'vitest';

import { readReviews, rowDigest } from '../src/index.js';
import { writeTemporary } from './support.js';

const DATA = fileURLToPath(new URL('../../../data/', import.meta.url));
const FILES = [
  { name: 'sample.csv', rows: 400 },
  { name: 'sample-test.csv', rows: 100 },
];

describe('the sample data', () => {
  it('is what its generator writes', async () => {
    const folder = dirname(await writeTemporary(''));
    execFileSync(process.execPath, [join(DATA, 'make-samples.mjs'), folder]);
    for (const { name } of FILES) {
      const made = readFileSync(join(folder, name), 'utf8');
      expect(
        made === readFileSync(join(DATA, name), 'utf8'),
        `${name} is made anew by node data/make-samples.mjs`,
      ).toBe(true);
    }
  });

  it.each(FILES)('has $rows reviews in $name, half of each label, of 20 to 150 words', async ({ name, rows }) => {
    const reviews = await readReviews(join(DATA, name), { requireBothClasses: true });
    expect(reviews).toHaveLength(rows);
    expect(reviews.filter((review) => review.label === 1)).toHaveLength(rows / 2);
    const words = reviews.map((review) => review.text.replaceAll('<br />', ' ').trim().split(/\s+/).length);
    expect(Math.min(...words)).toBeGreaterThanOrEqual(20);
    expect(Math.max(...words)).toBeLessThanOrEqual(150);
  });

  it('has no review twice, neither in a file nor in both', async () => {
    const reviews = (await Promise.all(FILES.map(({ name }) => readReviews(join(DATA, name))))).flat();
    expect(new Set(reviews.map((review) => rowDigest(review.text))).size).toBe(500);
  });

  it('shows what real files hold: line breaks, newlines, quotes and letters beyond ASCII', async () => {
    const texts = (await readReviews(join(DATA, 'sample.csv'))).map((review) => review.text);
    for (const sign of ['<br />', '\n', '"', 'é', '👎']) expect(texts.some((text) => text.includes(sign))).toBe(true);
  });
});
