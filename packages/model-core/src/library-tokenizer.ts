import { Tokenizer } from '@huggingface/tokenizers';

import { messageOf, ModelCoreError } from './errors.js';
import type { JsonObject } from './json.js';

/** What is used of @huggingface/tokenizers, whose own declarations do not resolve under NodeNext (no file extensions). */
export interface LibraryTokenizer {
  readonly normalizer: ((text: string) => string) | null;
  readonly pre_tokenizer: ((text: string) => string[]) | null;
  encode(text: string): { readonly ids: readonly number[] };
}

const Library = Tokenizer as unknown as new (json: JsonObject, config: JsonObject) => LibraryTokenizer;

/** Throws `INVALID_TOKENIZER` for what the library does not take. */
export function createLibraryTokenizer(tokenizerJson: JsonObject, tokenizerConfig: JsonObject): LibraryTokenizer {
  try {
    return new Library(tokenizerJson, tokenizerConfig);
  } catch (cause) {
    throw new ModelCoreError('INVALID_TOKENIZER', `tokenizer.json: ${messageOf(cause)}`, {
      file: 'tokenizer.json',
      cause,
    });
  }
}
