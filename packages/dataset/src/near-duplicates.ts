import { createDisjointSets } from './disjoint-sets.js';
import { createMinHasher } from './min-hash.js';
import { jaccard, shingleHashesOf, shinglesOf } from './shingles.js';

/** Two texts that are nearly equal, as their indexes, `first` below `second`. */
export interface NearPair {
  readonly first: number;
  readonly second: number;
  /** Jaccard similarity of their sets of three-word runs. */
  readonly jaccard: number;
}

export interface NearDuplicateOptions {
  /** Least Jaccard similarity of a pair. Default `NEAR_DUPLICATE_JACCARD`. */
  readonly threshold?: number;
  /** Draws the hash functions. Default 0. */
  readonly seed?: number;
}

/** Reviews whose three-word runs agree in four of five are one review, edited. */
export const NEAR_DUPLICATE_JACCARD = 0.8;

// A pair of similarity s comes into one bucket with probability 1 − (1 − s^5)^20: 0.9996 at 0.8, 0.47 at 0.5, 0.006 at 0.2.
const BANDS = 20;
const BAND_PLACES = 5;
const PLACES = BANDS * BAND_PLACES;
/** Four standard errors of an estimate from 100 places at a similarity of 0.8. */
const ESTIMATE_SLACK = 0.16;
/** Earlier members of its bucket that a text is compared with: boilerplate that thousands share must not cost the square of their number. */
const MAX_COMPARED = 64;

/**
 * Finds nearly equal texts: MinHash signatures, cut into bands, put similar texts into one bucket (locality-sensitive hashing; Leskovec, Rajaraman and
 * Ullman, Mining of Massive Datasets, 3.4), and the exact Jaccard similarity decides. Texts that pairs found before already connect are not compared
 * again, so the pairs span each group but need not name every pair in it. Time grows with the length of all texts.
 */
export function findNearDuplicates(texts: readonly string[], options: NearDuplicateOptions = {}): NearPair[] {
  const { threshold = NEAR_DUPLICATE_JACCARD, seed = 0 } = options;
  const signatures = signTexts(texts, seed);
  const groups = createDisjointSets(texts.length);
  const pairs: NearPair[] = [];
  for (let band = 0; band < BANDS; band++) {
    for (const bucket of bucketsOf(signatures, band)) {
      bucket.forEach((second, place) => {
        for (const first of bucket.slice(Math.max(0, place - MAX_COMPARED), place)) {
          if (groups.find(first) === groups.find(second)) continue;
          if (agreement(signatures, first, second) < threshold - ESTIMATE_SLACK) continue;
          // Both are indexes of texts.
          const similarity = jaccard(shinglesOf(texts[first]!), shinglesOf(texts[second]!));
          if (similarity < threshold) continue;
          groups.unite(first, second);
          pairs.push({ first, second, jaccard: similarity });
        }
      });
    }
  }
  return pairs.sort((a, b) => a.first - b.first || a.second - b.second);
}

/** [texts, PLACES] */
function signTexts(texts: readonly string[], seed: number): Uint32Array {
  const hasher = createMinHasher(PLACES, seed);
  const signatures = new Uint32Array(texts.length * PLACES);
  texts.forEach((text, index) => {
    hasher.sign(shingleHashesOf(text), signatures.subarray(index * PLACES, (index + 1) * PLACES));
  });
  return signatures;
}

/** Texts that agree in every place of the band, in ascending order; buckets of one are left out. */
function bucketsOf(signatures: Uint32Array, band: number): number[][] {
  const buckets = new Map<string, number[]>();
  for (let text = 0; text < signatures.length / PLACES; text++) {
    const start = text * PLACES + band * BAND_PLACES;
    const key = signatures.subarray(start, start + BAND_PLACES).join();
    const bucket = buckets.get(key);
    if (bucket) bucket.push(text);
    else buckets.set(key, [text]);
  }
  return [...buckets.values()].filter((bucket) => bucket.length > 1);
}

/** Share of places in which two signatures agree. */
function agreement(signatures: Uint32Array, a: number, b: number): number {
  let equal = 0;
  for (let place = 0; place < PLACES; place++) {
    if (signatures[a * PLACES + place] === signatures[b * PLACES + place]) equal++;
  }
  return equal / PLACES;
}
