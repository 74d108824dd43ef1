import type { LibraryTokenizer } from './library-tokenizer.js';
import type { TokenizerParts } from './tokenizer-json.js';

/** Splits a text without added tokens into the normalized words and punctuation marks that WordPiece works on. */
export type WordSplitter = (text: string) => readonly string[];

/** The library's regular expressions overflow the stack on runs of millions of characters: it is given this many. */
const MAX_RUN_LENGTH = 4096;

const PRINTABLE_ASCII = /^[\x21-\x7e]*$/;
const ASCII_WORD_OR_MARK = /[a-z0-9]+|[^a-z0-9]/gi;

/**
 * BERT's normalizer and pre-tokenizer, as @huggingface/tokenizers has them, with a short way for plain ASCII, where
 * both come down to lower case and "everything that is no letter or digit is punctuation".
 */
export function createWordSplitter(library: LibraryTokenizer, parts: TokenizerParts): WordSplitter {
  const normalize = (text: string): string => library.normalizer?.(text) ?? text;
  const preTokenize = (text: string): string[] => library.pre_tokenizer?.(text) ?? [];

  return (text) => {
    if (text.length > MAX_RUN_LENGTH) return splitRun(text, normalize, preTokenize, parts.maxWordCodePoints);
    if (!PRINTABLE_ASCII.test(text)) return preTokenize(normalize(text));
    return (parts.lowercase ? text.toLowerCase() : text).match(ASCII_WORD_OR_MARK) ?? [];
  };
}

/**
 * Splits a very long run without spaces slice by slice and joins the word that a cut went through. Exact but for what
 * depends on a neighbor beyond a cut: a capital sigma's lower case and the order of combining marks.
 */
function splitRun(
  text: string,
  normalize: (text: string) => string,
  preTokenize: (text: string) => string[],
  maxWordCodePoints: number,
): string[] {
  const words: string[] = [];
  let open = false; // the last word may go on in the next slice
  for (let start = 0; start < text.length;) {
    const end = endOfSlice(text, start);
    const normalized = normalize(text.slice(start, end));
    start = end;
    const [first, ...rest] = preTokenize(normalized);
    if (first === undefined) {
      open &&= normalized === '';
      continue;
    }
    const last = words.at(-1);
    if (open && last !== undefined && normalized.startsWith(first) && preTokenize(last + first).length === 1) {
      // A word past the limit is unknown whatever follows: 2 units a code point and one more keep it past the limit.
      words[words.length - 1] = (last + first).slice(0, 2 * maxWordCodePoints + 1);
    } else {
      words.push(first);
    }
    for (const word of rest) words.push(word);
    open = normalized.endsWith(rest.at(-1) ?? first);
  }
  return words;
}

/** Never between the halves of a surrogate pair. */
function endOfSlice(text: string, start: number): number {
  const end = Math.min(text.length, start + MAX_RUN_LENGTH);
  const unit = text.charCodeAt(end - 1);
  return end < text.length && unit >= 0xd800 && unit < 0xdc00 ? end - 1 : end;
}
