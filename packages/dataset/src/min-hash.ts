import { createRandom } from './random.js';

/** Signatures of sets of strings, whose agreement estimates the sets' Jaccard similarity. */
export interface MinHasher {
  /** Writes the signature of a set of shingles, given as their hashes, into `target` (`length` integers). */
  sign(hashes: Iterable<number>, target: Uint32Array): void;
}

/** Keeps the hash functions apart from other uses of one seed. */
const HASH_STREAM = 0x6d696e68;

/**
 * MinHash (Broder 1997) with `length` hash functions h → a·h + b mod 2^32, a odd, drawn from the seed: the probability that two signatures agree
 * in one place is the Jaccard similarity of the two sets, up to the quality of the functions.
 */
export function createMinHasher(length: number, seed: number): MinHasher {
  const random = createRandom(seed, HASH_STREAM);
  const factors = Int32Array.from({ length }, () => random.uint32() | 1);
  const offsets = Int32Array.from({ length }, () => random.uint32() | 0);
  return {
    sign(hashes, target) {
      target.fill(0xffffffff);
      for (const hash of hashes) {
        for (let i = 0; i < length; i++) {
          const value = (Math.imul(hash, factors[i]!) + offsets[i]!) >>> 0; // all three have `length` places
          if (value < target[i]!) target[i] = value;
        }
      }
    },
  };
}
