import type { TokenizerParts } from './tokenizer-json.js';

/** Splits one word into pieces and appends their ids. */
export type WordPiece = (word: string, ids: number[]) => void;

/**
 * WordPiece's greedy longest match first (Wu et al., 2016; BERT's `WordpieceTokenizer`). The library's own looks up
 * every remaining length of a word and joins characters for each, so that hostile words of 100 letters stall it; here a
 * look-up is no longer than the longest token. Equal ids are held by a test.
 */
export function createWordPiece(parts: TokenizerParts): WordPiece {
  const { vocabulary, unknownId, continuingPrefix, maxWordCodePoints } = parts;
  const first = new Map<string, number>();
  const continuing = new Map<string, number>();
  let longest = 0;
  for (const [token, id] of vocabulary) {
    first.set(token, id);
    longest = Math.max(longest, token.length);
    if (token.startsWith(continuingPrefix)) continuing.set(token.slice(continuingPrefix.length), id);
  }

  return (word, ids) => {
    const before = ids.length;
    const tooLong = isLongerThan(word, maxWordCodePoints);
    for (let start = 0; start < word.length && !tooLong;) {
      const table = start === 0 ? first : continuing;
      let end = Math.min(word.length, start + longest);
      let id = table.get(word.slice(start, end));
      while (id === undefined && end > start + 1) id = table.get(word.slice(start, --end));
      if (id === undefined) {
        ids.length = before;
        break;
      }
      ids.push(id);
      start = end;
    }
    // A word with any part outside the vocabulary is unknown as a whole.
    if (ids.length === before) ids.push(unknownId);
  };
}

/** Compares a string's length in code points, of which each takes one or two UTF-16 units. */
function isLongerThan(word: string, codePoints: number): boolean {
  if (word.length <= codePoints) return false;
  return word.length > 2 * codePoints || [...word].length > codePoints;
}
