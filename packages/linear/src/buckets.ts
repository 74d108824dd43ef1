import { withoutRepeats } from './ngrams.js';

/** 2^20: the upper 20 bits of a hash name its bucket. */
export const BUCKET_COUNT = 1 << 20;
/** Tag of a bucket that no n-gram owns. */
const NO_OWNER = 0;

const bucketOf = (hash: number): number => hash >>> 12;
/** 1 to 255, from the bits that do not name the bucket. */
const tagOf = (hash: number): number => 1 + ((hash & 0xfff) % 255);

/**
 * Gives each bucket to the n-gram that most reviews hold among those that fall into it, if at least `minReviews` do, and returns the owners' tags [2^20]. By its
 * tag an owner is told from the strangers in its bucket, 254 times of 255: most n-grams of a new review stood in no training review, and without tags each would
 * add the weight of another.
 */
export function assignBuckets(reviews: readonly Uint32Array[], minReviews: number): Uint8Array {
  const hashes = concatenate(reviews).sort(); // the n-grams of a bucket stand together
  const tags = new Uint8Array(BUCKET_COUNT).fill(NO_OWNER);
  for (let start = 0, bucket = -1, most = 0; start < hashes.length;) {
    const hash = hashes[start]!; // start is below the length
    let end = start + 1;
    while (hashes[end] === hash) end++;
    if (bucketOf(hash) !== bucket) [bucket, most] = [bucketOf(hash), minReviews - 1];
    if (end - start > most) {
      tags[bucket] = tagOf(hash);
      most = end - start;
    }
    start = end;
  }
  return tags;
}

/** The bucket of an n-gram, if it owns it. */
export function ownedBucket(hash: number, tags: Uint8Array): number | undefined {
  const bucket = bucketOf(hash);
  return tags[bucket] === tagOf(hash) ? bucket : undefined;
}

/** Buckets owned by n-grams of a review, ascending, given its hashes in ascending order. */
export function ownedBuckets(hashes: Uint32Array, tags: Uint8Array): Uint32Array {
  return withoutRepeats(hashes.filter((hash) => tags[bucketOf(hash)] === tagOf(hash)).map(bucketOf));
}

function concatenate(parts: readonly Uint32Array[]): Uint32Array {
  const whole = new Uint32Array(parts.reduce((length, part) => length + part.length, 0));
  let position = 0;
  for (const part of parts) {
    whole.set(part, position);
    position += part.length;
  }
  return whole;
}
