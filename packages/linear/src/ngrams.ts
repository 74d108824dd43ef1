import { finish, hashText, mixIn } from './murmur-hash.js';

/** The longest run of words that is one feature. */
export const MAX_NGRAM_WORDS = 3;

/** A word is letters, digits and their marks, with apostrophes inside; every other visible character is a word of its own. */
const WORD = /[\p{L}\p{M}\p{N}]+(?:'[\p{L}\p{M}\p{N}]+)*|[^\s\p{L}\p{M}\p{N}]/gu;

/**
 * Words of a review, in order: all that is done to text before it is hashed. `<br />` becomes a space, then Unicode NFC, then lower case, and a curly apostrophe
 * becomes a straight one.
 */
export function splitWords(text: string): readonly string[] {
  const normalized = text.replaceAll('<br />', ' ').normalize('NFC').toLowerCase().replaceAll('’', "'");
  return normalized.match(WORD) ?? [];
}

/** Different hashes of a review's 1- to 3-grams, ascending. An n-gram's hash is that of its words' hashes. */
export function hashNgrams(text: string): Uint32Array {
  const words = splitWords(text);
  const hashes = new Uint32Array(MAX_NGRAM_WORDS * words.length);
  let count = 0;
  visitNgrams(words, (hash) => void (hashes[count++] = hash));
  return withoutRepeats(hashes.subarray(0, count).sort());
}

/** Calls for every 1- to 3-gram where it stands: its hash, the place of its first word, and how many words it has. */
export function visitNgrams(
  words: readonly string[],
  visit: (hash: number, first: number, length: number) => void,
): void {
  const hashed = words.map(hashText);
  for (let first = 0; first < hashed.length; first++) {
    const longest = Math.min(MAX_NGRAM_WORDS, hashed.length - first);
    for (let length = 1, state = 0; length <= longest; length++) {
      state = mixIn(state, hashed[first + length - 1]!); // first + longest stays within the words
      visit(finish(state, 4 * length), first, length);
    }
  }
}

/** A copy of an ascending list with each value once. */
export function withoutRepeats(ascending: Uint32Array): Uint32Array {
  return ascending.filter((value, index) => index === 0 || value !== ascending[index - 1]);
}
