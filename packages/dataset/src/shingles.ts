import { wordsOf } from './words.js';

/** Runs of this many words: long enough to be rare, short enough for one changed word to spoil few. */
const SHINGLE_WORDS = 3;

/** The distinct runs of three words of a text (see `wordsOf`); of a shorter text all its words are one run. */
export function shinglesOf(text: string): ReadonlySet<string> {
  const words = wordsOf(text);
  const shingles = new Set<string>();
  const last = Math.max(0, words.length - SHINGLE_WORDS);
  for (let start = 0; start <= last; start++) shingles.add(words.slice(start, start + SHINGLE_WORDS).join(' '));
  return shingles;
}

/** 32-bit hashes of the runs of `shinglesOf`, repeats included, without making the runs themselves. */
export function shingleHashesOf(text: string): Uint32Array {
  const words = wordsOf(text);
  const hashes = Uint32Array.from(words, hashWord);
  const count = Math.max(1, words.length - SHINGLE_WORDS + 1);
  const shingles = new Uint32Array(count);
  for (let start = 0; start < count; start++) {
    let hash = 0;
    const end = Math.min(words.length, start + SHINGLE_WORDS);
    for (let place = start; place < end; place++) hash = mix(Math.imul(hash, 31) + hashes[place]!); // below words.length
    shingles[start] = hash;
  }
  return shingles;
}

/** Size of the intersection over size of the union. */
export function jaccard(a: ReadonlySet<string>, b: ReadonlySet<string>): number {
  const [small, large] = a.size < b.size ? [a, b] : [b, a];
  let shared = 0;
  for (const item of small) if (large.has(item)) shared++;
  return shared / (a.size + b.size - shared);
}

/** FNV-1a over UTF-16 units (Fowler, Noll and Vo). */
function hashWord(word: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < word.length; i++) hash = Math.imul(hash ^ word.charCodeAt(i), 0x01000193);
  return hash;
}

/** The finalizer of MurmurHash3 (Appleby): every bit of the input moves every bit of the output. */
function mix(value: number): number {
  let hash = value;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}
