import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { describe, expect, it } from 'vitest';

import { readReviews } from '../src/index.js';

const TRAIN_FILE = fileURLToPath(new URL('../../../../shared/data/imdb/train.csv.gz', import.meta.url));
const isThere = existsSync(TRAIN_FILE);
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
});
