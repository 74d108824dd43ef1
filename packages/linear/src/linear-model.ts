import { ownedBucket } from './buckets.js';
import { splitWords, visitNgrams } from './ngrams.js';

/** A linear model on hashed n-grams: it holds numbers by bucket, and no word. */
export interface LinearModel {
  /** Of the n-gram that owns each bucket, [2^20]; 0 where none does. See `assignBuckets`. */
  readonly tags: Uint8Array;
  /** [2^20] */
  readonly weights: Float32Array;
  readonly bias: number;
}

/**
 * Logit of the positive class: the weights of the review's known n-grams, over the root of how many there are, plus the bias. Long reviews are thus no surer
 * than short ones for their length alone.
 */
export const scoreText = (model: LinearModel, text: string): number => scoreWords(model, splitWords(text));

/** As `scoreText`, of a review that is given as its words, see `splitWords`. */
export function scoreWords({ tags, weights, bias }: LinearModel, words: readonly string[]): number {
  const known = new Set<number>();
  let sum = 0;
  visitNgrams(words, (hash) => {
    const bucket = ownedBucket(hash, tags);
    if (bucket === undefined || known.has(bucket)) return;
    known.add(bucket);
    sum += weights[bucket]!; // a bucket lies below 2^20
  });
  return bias + sum * lengthScale(known.size);
}

/** What the weights of `count` n-grams are multiplied by. */
export const lengthScale = (count: number): number => 1 / Math.sqrt(Math.max(1, count));
