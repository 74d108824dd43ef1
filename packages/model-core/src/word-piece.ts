import type { TokenizerParts } from './tokenizer-json.js';

/** Splits one word into pieces and gives their ids. */
export type WordPiece = (word: string) => readonly number[];

/**
 * WordPiece's greedy longest match first (Wu et al., 2016; BERT's `WordpieceTokenizer`). The library's own looks up
 * every remaining length of a word and joins characters for each: 100-letter words cost it 40 times what they cost here,
 * which is enough to stall a server with one request. Equal ids are held by a test.
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
  const unknown = [unknownId];

  return (word) => {
    if (isLongerThan(word, maxWordCodePoints)) return unknown;
    const ids: number[] = [];
    for (let start = 0; start < word.length; ) {
      const table = start === 0 ? first : continuing;
      let end = Math.min(word.length, start + longest);
      let id = table.get(word.slice(start, end));
      while (id === undefined && end > start + 1) id = table.get(word.slice(start, --end));
      if (id === undefined) return unknown;
      ids.push(id);
      start = end;
    }
    return ids;
  };
}

/** Compares a string's length in code points, of which each takes one or two UTF-16 units. */
function isLongerThan(word: string, codePoints: number): boolean {
  if (word.length <= codePoints) return false;
  return word.length > 2 * codePoints || [...word].length > codePoints;
}
