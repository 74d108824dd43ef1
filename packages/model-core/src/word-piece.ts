import { TokenTrie } from './token-trie.js';
import type { TokenizerParts } from './tokenizer-json.js';

/** Splits one word into pieces and appends their ids. */
export type WordPiece = (word: string, ids: number[]) => void;

/**
 * WordPiece's greedy longest match first (Wu et al., 2016; BERT's `WordpieceTokenizer`). The library's own looks up
 * every remaining length of a word and joins characters for each, so that hostile words of 100 letters stall it; here a
 * walk is no longer than the longest token. Equal ids are held by a test.
 */
export function createWordPiece(parts: TokenizerParts): WordPiece {
  const { vocabulary, unknownId, continuingPrefix, maxWordCodePoints } = parts;
  const continuingTokens = [...vocabulary].filter(([token]) => token.startsWith(continuingPrefix));
  const first = new TokenTrie(vocabulary);
  const continuing = new TokenTrie(continuingTokens.map(([token, id]) => [token.slice(continuingPrefix.length), id]));

  return (word, ids) => {
    const before = ids.length;
    const tooLong = isLongerThan(word, maxWordCodePoints);
    for (let start = 0; start < word.length && !tooLong;) {
      const tokens = start === 0 ? first : continuing;
      if (!tokens.find(word, start)) {
        ids.length = before;
        break;
      }
      ids.push(tokens.id);
      start = tokens.end;
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
