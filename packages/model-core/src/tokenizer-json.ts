import { ModelCoreError } from './errors.js';
import { isJsonObject, type JsonObject, type JsonValue, textOf } from './json.js';

const FILE = 'tokenizer.json';

/** What `createTokenizer` needs to know of a `tokenizer.json`, after it was checked to be a BERT WordPiece tokenizer. */
export interface TokenizerParts {
  /** Token to id, added tokens included. */
  readonly vocabulary: ReadonlyMap<string, number>;
  /** 1 + the highest id: the rows that an embedding table must have. */
  readonly vocabSize: number;
  readonly unknownId: number;
  readonly continuingPrefix: string;
  readonly maxWordCodePoints: number;
  /** Contents of the added tokens, such as `[SEP]`: read as themselves wherever they stand in a text. */
  readonly addedTokens: readonly string[];
  /** Literal patterns that the normalizer turns into one space before anything else, such as `<br />`. */
  readonly spacePatterns: readonly string[];
  readonly lowercase: boolean;
}

/**
 * Makes the tokenizer of an artifact from a base model's: no truncation and no padding (both belong to the caller),
 * and `<br />`, which 59 % of the IMDb reviews hold, read as a space. Idempotent.
 */
export function createTokenizerJson(base: JsonObject): JsonObject {
  return {
    ...base,
    truncation: null,
    padding: null,
    normalizer: {
      type: 'Sequence',
      normalizers: [{ type: 'Replace', pattern: { String: '<br />' }, content: ' ' }, bertNormalizerOf(base)],
    },
  };
}

/**
 * Reads the parts of a BERT WordPiece `tokenizer.json`. Throws `INVALID_TOKENIZER` for any other kind: words may be
 * tokenized one by one (see tokenizer.ts) only because BERT's steps never look across a space.
 */
export function readTokenizerParts(json: JsonObject): TokenizerParts {
  const model = json['model'];
  if (!isJsonObject(model) || model['type'] !== 'WordPiece') throw refuse('model.type must be "WordPiece"');
  const preTokenizer = json['pre_tokenizer'];
  if (!isJsonObject(preTokenizer) || preTokenizer['type'] !== 'BertPreTokenizer') {
    throw refuse('pre_tokenizer.type must be "BertPreTokenizer"');
  }
  const normalizer = bertNormalizerOf(json);
  const vocabulary = readVocabulary(model['vocab']);
  const addedTokens = readAddedTokens(json['added_tokens'] ?? [], vocabulary);
  const spacePatterns = readSpacePatterns(json);
  if (addedTokens.some((token) => spacePatterns.some((pattern) => [...token].some((char) => pattern.includes(char))))) {
    throw refuse('an added token shares a character with a pattern that the normalizer replaces');
  }
  const unknownId = vocabulary.get(textOf(model['unk_token']));
  if (unknownId === undefined) throw refuse('model.unk_token is not in model.vocab');
  return {
    vocabulary,
    vocabSize: 1 + [...vocabulary.values()].reduce((highest, id) => Math.max(highest, id), 0),
    unknownId,
    continuingPrefix: textOf(model['continuing_subword_prefix'] ?? '##'),
    maxWordCodePoints: Number(model['max_input_chars_per_word'] ?? 100),
    addedTokens,
    spacePatterns,
    lowercase: normalizer['lowercase'] === true,
  };
}

function readVocabulary(vocab: JsonValue | undefined): Map<string, number> {
  if (!isJsonObject(vocab)) throw refuse('model.vocab must map tokens to ids');
  const vocabulary = new Map<string, number>();
  for (const [token, id] of Object.entries(vocab)) vocabulary.set(token, tokenId(id));
  if (new Set(vocabulary.values()).size !== vocabulary.size) throw refuse('model.vocab gives one id to two tokens');
  return vocabulary;
}

function readAddedTokens(list: JsonValue, vocabulary: Map<string, number>): string[] {
  if (!Array.isArray(list)) throw refuse('added_tokens must be a list');
  return list.map((token: unknown) => {
    if (!isJsonObject(token) || typeof token['content'] !== 'string' || !/^\S+$/.test(token['content'])) {
      throw refuse('every added token needs a content without spaces');
    }
    if (['single_word', 'lstrip', 'rstrip', 'normalized'].some((flag) => token[flag] === true)) {
      throw refuse('added tokens with single_word, lstrip, rstrip or normalized are not supported');
    }
    vocabulary.set(token['content'], tokenId(token['id']));
    return token['content'];
  });
}

function readSpacePatterns(json: JsonObject): string[] {
  return normalizerSteps(json)
    .slice(0, -1)
    .map((step) => {
      const pattern =
        isJsonObject(step) && step['type'] === 'Replace' && step['content'] === ' ' ? step['pattern'] : null;
      const literal = isJsonObject(pattern) ? pattern['String'] : undefined;
      if (typeof literal !== 'string' || literal === '') {
        throw refuse('before BertNormalizer only Replace of a literal string by one space is supported');
      }
      return literal;
    });
}

function bertNormalizerOf(json: JsonObject): JsonObject {
  const last = normalizerSteps(json).at(-1);
  if (!isJsonObject(last) || last['type'] !== 'BertNormalizer')
    throw refuse('the normalizer must end in BertNormalizer');
  return last;
}

function normalizerSteps(json: JsonObject): readonly JsonValue[] {
  const normalizer = json['normalizer'];
  if (!isJsonObject(normalizer)) return [];
  if (normalizer['type'] !== 'Sequence') return [normalizer];
  const steps = normalizer['normalizers'];
  return Array.isArray(steps) ? (steps as readonly JsonValue[]) : [];
}

function tokenId(value: unknown): number {
  if (!Number.isInteger(value) || (value as number) < 0 || (value as number) >= 2 ** 31) {
    throw refuse('token ids must be integers from 0 to 2^31 - 1');
  }
  return value as number;
}

function refuse(expectation: string): ModelCoreError {
  return new ModelCoreError('INVALID_TOKENIZER', `${FILE}: ${expectation}`, { file: FILE });
}
