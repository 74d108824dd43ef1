import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { describe, expect, it } from 'vitest';

import { findDuplicates, groupedSplit, readReviews, reportData, rowDigest } from '../src/index.js';

const TRAIN_FILE = fileURLToPath(new URL('../../../../shared/data/imdb/train.csv.gz', import.meta.url));
const TEST_FILE = fileURLToPath(new URL('../../../../shared/data/imdb/test.csv.gz', import.meta.url));
const isThere = existsSync(TRAIN_FILE) && existsSync(TEST_FILE);
if (!isThere) console.info(`skipped: the official IMDb training reviews are not at ${TRAIN_FILE}`);

describe.skipIf(!isThere)('the official IMDb training reviews', () => {
  it("are read as Python's csv module reads them", { timeout: 60_000 }, async () => {
    const reviews = await readReviews(TRAIN_FILE, { requireBothClasses: true });
    const sha256 = createHash('sha256');
    for (const { text, label } of reviews) sha256.update(`${text}\0${label === 1 ? 'positive' : 'negative'}\0`);
    // The same over csv.DictReader(gzip.open(file, 'rt', encoding='utf8', newline='')) in Python 3.11.
    expect(sha256.digest('hex')).toBe('6be152f5d5c518d769caa59baa4a667338b0315dc2305478c76623f7b6ae53d0');
    expect(reviews.at(-1)?.line).toBe(25_001);
  });

  it('hold 96 surplus copies, and 44 reviews of the test file', { timeout: 120_000 }, async () => {
    const files = { train: await readReviews(TRAIN_FILE), test: await readReviews(TEST_FILE) };
    const parts = Object.entries(files).map(([name, reviews]) => ({
      name,
      texts: reviews.map(({ text }) => text),
      lines: reviews.map(({ line }) => line),
      labels: reviews.map(({ label }) => label),
    }));
    const texts = parts.flatMap((part) => part.texts);
    const groups = findDuplicates(texts, texts.map(rowDigest));
    const report = reportData(parts, groups, ['negative', 'positive']);

    const { copies, html, labels, conflicts } = report.parts['train'] ?? {};
    expect(labels).toEqual({ negative: 12_500, positive: 12_500 });
    expect(html?.share).toBeCloseTo(0.587, 3);
    // Counted with Python 3.11's set() over the texts, and over the texts after rowDigest's normalization; near copies have no outside count.
    expect(copies?.identical).toEqual({ groups: 92, rows: 188, surplus: 96 });
    expect(copies?.equal.surplus).toBe(98);
    expect(copies?.near.surplus).toBe(117);
    expect(conflicts).toEqual({ equal: 0, near: 0, lines: [] });
    expect(report.overlaps).toMatchObject([{ parts: ['train', 'test'], identical: 44, equal: 44, near: 44 }]);

    const all = parts.flatMap((part) => part.labels);
    const split = groupedSplit({ labels: all, groups: groups.near, shares: [0.8, 0.1, 0.1], seed: 42 });
    expect(split.map(({ length }) => length)).toEqual([29_928, 3741, 3741]);
  });
});
