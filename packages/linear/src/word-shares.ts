import { ownedBucket } from './buckets.js';
import { lengthScale, type LinearModel } from './linear-model.js';
import { visitNgrams } from './ngrams.js';

/**
 * What each word of a review adds to its logit, [words]: the logit is a sum over known n-grams, and each n-gram's term is divided evenly among the places where it
 * stands, and there among its words. Shares and bias sum to `scoreWords`.
 */
export function shareAmongWords({ tags, weights }: LinearModel, words: readonly string[]): Float64Array {
  const places = new Map<number, { readonly first: number; readonly length: number }[]>();
  visitNgrams(words, (hash, first, length) => {
    const bucket = ownedBucket(hash, tags);
    if (bucket === undefined) return;
    const known = places.get(bucket);
    if (known) known.push({ first, length });
    else places.set(bucket, [{ first, length }]);
  });
  const scale = lengthScale(places.size);
  const shares = new Float64Array(words.length);
  for (const [bucket, found] of places) {
    const term = weights[bucket]! * scale; // a bucket lies below 2^20
    for (const { first, length } of found) {
      for (let word = first; word < first + length; word++) shares[word]! += term / found.length / length;
    }
  }
  return shares;
}
