import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { createTokenizer, type JsonObject, LABELS } from '@marquee/model-core';

import { createReviews, drawLabeledReviews } from '../review-texts.js';
import { dealBlocks } from './review-blocks.js';
import type { Exchange } from './load-protocol.js';

/** What the API takes at most of one review. */
const MAX_CHARACTERS = 10_000;

export interface ServedReview {
  readonly text: string;
  /** Absent of synthetic ones. */
  readonly label?: string;
}

export interface ServedReviews {
  /** In words, for the line above a table. */
  readonly source: string;
  /** Blocks of like lengths, see `dealBlocks`. */
  readonly blocks: readonly (readonly ServedReview[])[];
}

export interface ReviewsSource {
  /** A CSV of labeled reviews; synthetic reviews of IMDb's lengths without one. */
  readonly file: string | undefined;
  readonly tokenizerDir: string;
  readonly blocks: number;
  readonly blockSize: number;
}

export async function readServedReviews(source: ReviewsSource): Promise<ServedReviews> {
  const { file, tokenizerDir, blocks, blockSize } = source;
  const tokenizer = createTokenizer(
    await readJson(tokenizerDir, 'tokenizer.json'),
    await readJson(tokenizerDir, 'tokenizer_config.json'),
    { maxLength: 512, truncation: 'head' },
  );
  const count = (text: string): number => tokenizer.encode(text).tokenCount;
  const reviews: ServedReview[] = file
    ? (await drawLabeledReviews(file, blocks * blockSize)).map(({ text, label }) => ({
        text: cut(text),
        label: LABELS[label],
      }))
    : (await createReviews(blocks * blockSize, count)).map((text) => ({ text: cut(text) }));
  const tokens = new Map(reviews.map((review) => [review, count(review.text)]));
  const mean = [...tokens.values()].reduce((sum, length) => sum + Math.min(length, 512), 0) / reviews.length;
  return {
    source: `${reviews.length} ${file ? 'reviews of a file' : "synthetic reviews of IMDb's lengths"}, mean ${mean.toFixed(0)} tokens once cut at 512`,
    blocks: dealBlocks(reviews, blocks, (review) => tokens.get(review) ?? 0),
  };
}

export const single = ({ text }: ServedReview): Exchange => ({
  method: 'POST',
  path: '/predict',
  body: JSON.stringify({ text }),
  reviews: 1,
});

export const batch = (reviews: readonly ServedReview[]): Exchange => ({
  method: 'POST',
  path: '/predict/batch',
  body: JSON.stringify({ reviews: reviews.map(({ text }) => text) }),
  reviews: reviews.length,
});

const cut = (text: string): string => [...text].slice(0, MAX_CHARACTERS).join('');

const readJson = async (dir: string, name: string): Promise<JsonObject> =>
  JSON.parse(await readFile(join(dir, name), 'utf8')) as JsonObject;
