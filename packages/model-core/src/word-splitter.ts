import type { LibraryTokenizer } from './library-tokenizer.js';
import type { TokenizerParts } from './tokenizer-json.js';

/** Splits a text without added tokens into the normalized words and punctuation marks that WordPiece works on. */
export type WordSplitter = (text: string) => readonly string[];

/** The library's regular expressions overflow the stack on runs of millions of characters: it is given this many. */
const MAX_RUN_LENGTH = 4096;

/** What becomes of a character; 0 for one that was not asked for yet. */
const KINDS = {
  /** It is part of a word as it stands. */
  kept: 1,
  /** It is part of a word as another character, as several, or as none: in lower case, without its accent. */
  replaced: 2,
  /** It ends a word. */
  space: 3,
  /** It ends a word and is one itself: punctuation and ideographs. */
  mark: 4,
  /** Only the library knows. */
  unknown: 5,
} as const;
type Kind = (typeof KINDS)[keyof typeof KINDS];

/** Characters that the library is asked about at once: a question for each takes ten times as long. */
const BLOCK_SIZE = 256;

/** Its lower case depends on what follows; no other character of the basic plane depends on its neighbors. */
const CAPITAL_SIGMA = 0x3a3;

/**
 * BERT's normalizer and pre-tokenizer, as @huggingface/tokenizers has them. What they make of a character of the basic plane does not depend on its neighbors, so
 * the library is asked once for each, in blocks, and a text is then read from a table. Surrogate pairs and capital sigmas go through the library.
 */
export function createWordSplitter(library: LibraryTokenizer, parts: TokenizerParts): WordSplitter {
  const throughLibrary = createLibrarySplitter(library, parts);
  const kinds = new Uint8Array(0x10000);
  const replacements = new Map<number, string>();
  // A word past the limit is unknown whatever follows: 2 units a code point and one more keep it past the limit.
  const longest = 2 * parts.maxWordCodePoints + 1;

  const ask = (unit: number): number => {
    const first = unit - (unit % BLOCK_SIZE);
    askLibrary(first, throughLibrary).forEach(({ kind, replacement }, index) => {
      kinds[first + index] = kind;
      if (replacement !== undefined) replacements.set(first + index, replacement);
    });
    return kinds[unit]!;
  };

  return (text) => {
    const words: string[] = [];
    let word = '';
    let keptFrom = 0; // text.slice(keptFrom, i) goes on the word
    const takeKept = (end: number): void => {
      if (end > keptFrom && word.length < longest) word += text.slice(keptFrom, Math.min(end, keptFrom + longest));
      keptFrom = end + 1;
    };
    for (let i = 0; i < text.length; i++) {
      const unit = text.charCodeAt(i);
      const kind = kinds[unit]! || ask(unit); // a unit lies below 0x10000
      if (kind === KINDS.kept) continue;
      if (kind === KINDS.unknown) return throughLibrary(text);
      takeKept(i);
      if (kind === KINDS.replaced) {
        if (word.length < longest) word += replacements.get(unit)!; // asked for with its kind
        continue;
      }
      if (word !== '') words.push(word);
      word = '';
      if (kind === KINDS.mark) words.push(replacements.get(unit)!);
    }
    takeKept(text.length);
    if (word !== '') words.push(word);
    return words;
  };
}

interface Answer {
  readonly kind: Kind;
  readonly replacement?: string;
}

/** What the library makes of each character of a block between two letters. The answers are told apart by zeros, which no character becomes. */
function askLibrary(first: number, split: WordSplitter): Answer[] {
  const characters = Array.from({ length: BLOCK_SIZE }, (_, index) => String.fromCharCode(first + index));
  const words = split(characters.map((character) => `a${isOwnCase(character) ? '' : character}a`).join(' 0 '));
  const answers: string[][] = [[]];
  for (const word of words) {
    if (word === '0') answers.push([]);
    else answers.at(-1)?.push(word);
  }
  return characters.map((character, index) =>
    isOwnCase(character) ? { kind: KINDS.unknown } : toAnswer(character, answers[index] ?? []),
  );
}

/** Surrogates, which mean nothing alone, and the capital sigma. */
function isOwnCase(character: string): boolean {
  const unit = character.charCodeAt(0);
  return unit === CAPITAL_SIGMA || (unit >= 0xd800 && unit < 0xe000);
}

function toAnswer(character: string, [first = '', second, third, ...more]: readonly string[]): Answer {
  if (second === undefined) {
    const replacement = first.slice(1, -1);
    return replacement === character ? { kind: KINDS.kept } : { kind: KINDS.replaced, replacement };
  }
  if (first !== 'a' || more.length > 0) return { kind: KINDS.unknown };
  if (third === undefined) return { kind: second === 'a' ? KINDS.space : KINDS.unknown };
  return third === 'a' ? { kind: KINDS.mark, replacement: second } : { kind: KINDS.unknown };
}

function createLibrarySplitter(library: LibraryTokenizer, parts: TokenizerParts): WordSplitter {
  const normalize = (text: string): string => library.normalizer?.(text) ?? text;
  const preTokenize = (text: string): string[] => library.pre_tokenizer?.(text) ?? [];
  return (text) =>
    text.length > MAX_RUN_LENGTH
      ? splitRun(text, normalize, preTokenize, parts.maxWordCodePoints)
      : preTokenize(normalize(text));
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
