import { ModelCoreError } from './errors.js';
import type { JsonObject } from './json.js';
import { createLibraryTokenizer, type LibraryTokenizer } from './library-tokenizer.js';
import { readTokenizerParts, type TokenizerParts } from './tokenizer-json.js';
import { type Truncation, truncateIds } from './truncation.js';
import { createWordPiece } from './word-piece.js';
import { createWordSplitter } from './word-splitter.js';

/** Words longer than this are rarely seen twice. */
const MAX_CACHED_WORD_LENGTH = 32;
/** About 6 MB when full; IMDb's 25,000 training reviews hold some 280,000 different words, most of them once. */
const MAX_CACHED_WORDS = 65_536;

export interface TokenizerOptions {
  /** Most tokens of an encoded review, [CLS] and [SEP] included; at least 3. */
  readonly maxLength: number;
  readonly truncation: Truncation;
}

export interface EncodedReview {
  /** [CLS] … [SEP], at most `maxLength` ids. */
  readonly inputIds: Int32Array;
  /** Tokens of the whole text before the cut, [CLS] and [SEP] included; exact for a text of any length. */
  readonly tokenCount: number;
  readonly truncated: boolean;
}

export interface ReviewTokenizer {
  readonly vocabSize: number;
  readonly maxLength: number;
  readonly truncation: Truncation;
  /** Encodes one text in time linear in its length: 0.02 s per MB of prose, up to 0.4 s per MB for what is made to be slow. */
  encode(text: string): EncodedReview;
  /** Ids of the whole text without special tokens and without a cut. */
  tokenize(text: string): readonly number[];
}

/**
 * Makes a tokenizer from the contents of `tokenizer.json` and `tokenizer_config.json`. Ids are those that
 * @huggingface/tokenizers gives. Throws `INVALID_TOKENIZER` for anything but a BERT WordPiece tokenizer, and
 * `INVALID_INPUT` for a `maxLength` below 3.
 */
export function createTokenizer(
  tokenizerJson: JsonObject,
  tokenizerConfig: JsonObject,
  options: TokenizerOptions,
): ReviewTokenizer {
  const { maxLength, truncation } = options;
  if (!Number.isSafeInteger(maxLength) || maxLength < 3) {
    throw new ModelCoreError('INVALID_INPUT', `maxLength must be an integer of at least 3, got ${maxLength}`);
  }
  const parts = readTokenizerParts(tokenizerJson);
  const library = createLibraryTokenizer(tokenizerJson, tokenizerConfig);
  const [startId, endId] = specialIds(library);
  const encodeWord = createWordEncoder(library, parts);

  const tokenize = (text: string): readonly number[] => {
    const ids: number[] = [];
    for (const word of splitWords(text, parts.spacePatterns)) encodeWord(word, ids);
    return ids;
  };

  return {
    vocabSize: parts.vocabSize,
    maxLength,
    truncation,
    tokenize,
    encode(text) {
      const ids = tokenize(text);
      const kept = truncateIds(ids, maxLength - 2, truncation);
      const inputIds = new Int32Array(kept.length + 2);
      inputIds[0] = startId;
      inputIds.set(kept, 1);
      inputIds[kept.length + 1] = endId;
      return { inputIds, tokenCount: ids.length + 2, truncated: kept.length < ids.length };
    },
  };
}

/** The ids that the post-processor puts around a text: an empty text is just these two. */
function specialIds(library: LibraryTokenizer): [number, number] {
  const [startId, endId, ...more] = library.encode('').ids;
  if (startId === undefined || endId === undefined || more.length > 0) {
    throw new ModelCoreError(
      'INVALID_TOKENIZER',
      'tokenizer.json: the post-processor must put one token on each side',
      {
        file: 'tokenizer.json',
      },
    );
  }
  return [startId, endId];
}

/**
 * Cuts a text where BERT's tokenizer surely ends a word. Only these four: other white space (form feed, say) counts as
 * a control character there and joins its neighbors.
 */
function splitWords(text: string, spacePatterns: readonly string[]): string[] {
  return spacePatterns.reduce((cleaned, pattern) => cleaned.replaceAll(pattern, ' '), text).split(/[ \t\n\r]+/);
}

function createWordEncoder(library: LibraryTokenizer, parts: TokenizerParts): (word: string, ids: number[]) => void {
  const wordPiece = createWordPiece(parts);
  const splitText = createWordSplitter(library, parts);
  const splitAddedTokens = createSplitter(parts.addedTokens);
  const cache = new Map<string, readonly number[]>();

  const encode = (word: string, ids: number[]): void => {
    splitAddedTokens(word).forEach((section, index) => {
      // Odd places hold the added tokens themselves, whose ids the vocabulary has.
      if (index % 2 === 1) ids.push(parts.vocabulary.get(section) ?? parts.unknownId);
      else for (const piece of splitText(section)) wordPiece(piece, ids);
    });
  };

  return (word, ids) => {
    if (word.length > MAX_CACHED_WORD_LENGTH) {
      encode(word, ids);
      return;
    }
    let wordIds = cache.get(word);
    if (wordIds === undefined) {
      const fresh: number[] = [];
      encode(word, fresh);
      if (cache.size >= MAX_CACHED_WORDS) cache.clear();
      cache.set(word, fresh);
      wordIds = fresh;
    }
    for (const id of wordIds) ids.push(id);
  };
}

/** Splits at added tokens, longest first, and keeps them at the odd places. */
function createSplitter(addedTokens: readonly string[]): (word: string) => string[] {
  if (addedTokens.length === 0) return (word) => [word];
  const longestFirst = [...addedTokens].sort((a, b) => b.length - a.length);
  const pattern = new RegExp(
    `(${longestFirst.map((token) => token.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')).join('|')})`,
  );
  return (word) => word.split(pattern);
}
