import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { createRandom } from '@marquee/dataset';
import { exportWeights, HEAD_PARAMETERS, parameterShapes, parseConfig, type Weight } from '@marquee/distilbert';
import type { JsonObject } from '@marquee/model-core';
import { encodeSafetensors } from '@marquee/safetensors';

import { NEGATIVE_WORDS, NEUTRAL_WORDS, POSITIVE_WORDS } from './tiny-reviews.js';

const DIGITS = Array.from({ length: 10 }, (_, digit) => [String(digit), `##${digit}`]).flat();
const TOKENS = [
  ...['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]', '.', '!', '<', '>', '/', 'br', 'cursed'],
  ...POSITIVE_WORDS,
  ...NEGATIVE_WORDS,
  ...NEUTRAL_WORDS,
  ...DIGITS,
];

export const TINY_CONFIG = {
  model_type: 'distilbert',
  vocab_size: TOKENS.length,
  max_position_embeddings: 48,
  dim: 16,
  n_layers: 2,
  n_heads: 2,
  hidden_dim: 32,
  dropout: 0.1,
  attention_dropout: 0.1,
  seq_classif_dropout: 0.2,
} as const satisfies JsonObject;

const TOKENIZER_CONFIG = {
  do_lower_case: true,
  unk_token: '[UNK]',
  sep_token: '[SEP]',
  pad_token: '[PAD]',
  cls_token: '[CLS]',
  mask_token: '[MASK]',
} as const satisfies JsonObject;

const tokenizerJson = (tokens: readonly string[]): JsonObject => ({
  version: '1.0',
  truncation: null,
  padding: null,
  added_tokens: tokens.slice(0, 5).map((content, id) => {
    return { id, content, special: true, single_word: false, lstrip: false, rstrip: false, normalized: false };
  }),
  normalizer: {
    type: 'BertNormalizer',
    clean_text: true,
    handle_chinese_chars: true,
    strip_accents: null,
    lowercase: true,
  },
  pre_tokenizer: { type: 'BertPreTokenizer' },
  post_processor: {
    type: 'TemplateProcessing',
    single: [
      { SpecialToken: { id: '[CLS]', type_id: 0 } },
      { Sequence: { id: 'A', type_id: 0 } },
      { SpecialToken: { id: '[SEP]', type_id: 0 } },
    ],
    pair: [],
    special_tokens: {
      '[CLS]': { id: '[CLS]', ids: [2], tokens: ['[CLS]'] },
      '[SEP]': { id: '[SEP]', ids: [3], tokens: ['[SEP]'] },
    },
  },
  decoder: { type: 'WordPiece', prefix: '##', cleanup: true },
  model: {
    type: 'WordPiece',
    unk_token: '[UNK]',
    continuing_subword_prefix: '##',
    max_input_chars_per_word: 100,
    vocab: Object.fromEntries(tokens.map((token, id) => [token, id])),
  },
});

/** N(0, 0.1)-like weights without a head; layer normalizations are the identity. */
export function tinyWeights(): Map<string, Weight> {
  const random = createRandom(3, 9);
  const head: ReadonlySet<string> = new Set(HEAD_PARAMETERS);
  const shapes = [...parameterShapes(parseConfig(TINY_CONFIG))].filter(([name]) => !head.has(name));
  return new Map(
    shapes.map(([name, shape]) => {
      const length = shape.reduce((size, dim) => size * dim, 1);
      const isNorm = /LayerNorm|layer_norm/.test(name);
      const value = (): number => (isNorm ? Number(name.endsWith('.weight')) : (random.float() - 0.5) * 0.4);
      return [name, { shape, data: Float32Array.from({ length }, value) }];
    }),
  );
}

export const tokenId = (token: string): number => TOKENS.indexOf(token);

export interface TinyModelChanges {
  readonly config?: JsonObject;
  readonly weights?: Map<string, Weight>;
  readonly tokens?: readonly string[];
}

/** Writes a model folder in Hugging Face's layout: a DistilBERT of 16 × 2 with random weights, a base that is no artifact. */
export async function writeTinyModel(
  dir: string,
  { config, weights, tokens = TOKENS }: TinyModelChanges = {},
): Promise<string> {
  await mkdir(dir, { recursive: true });
  const files = {
    'config.json': JSON.stringify({ ...TINY_CONFIG, ...config }),
    'tokenizer.json': JSON.stringify(tokenizerJson(tokens)),
    'tokenizer_config.json': JSON.stringify(TOKENIZER_CONFIG),
    'vocab.txt': `${tokens.join('\n')}\n`,
    'model.safetensors': encodeSafetensors(exportWeights(weights ?? tinyWeights(), 'F32')),
    LICENSE: 'A license of the base model.\n',
  };
  for (const [name, contents] of Object.entries(files)) await writeFile(join(dir, name), contents);
  return dir;
}
