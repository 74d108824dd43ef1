import { exportWeights, HEAD_PARAMETERS, parameterShapes, parseConfig, type Weight } from '@marquee/distilbert';
import { randomWeights, WORD_PIECE_CONFIG, wordPieceTokenizer, writeFiles } from '@marquee/fixtures';
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

/** Random weights without a head. */
export function tinyWeights(): Map<string, Weight> {
  const head: ReadonlySet<string> = new Set(HEAD_PARAMETERS);
  return randomWeights([...parameterShapes(parseConfig(TINY_CONFIG))].filter(([name]) => !head.has(name)));
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
  const files = {
    'config.json': JSON.stringify({ ...TINY_CONFIG, ...config }),
    'tokenizer.json': JSON.stringify(wordPieceTokenizer(tokens)),
    'tokenizer_config.json': JSON.stringify(WORD_PIECE_CONFIG),
    'vocab.txt': `${tokens.join('\n')}\n`,
    'model.safetensors': encodeSafetensors(exportWeights(weights ?? tinyWeights(), 'F32')),
    LICENSE: 'A license of the base model.\n',
  };
  await writeFiles(dir, new Map(Object.entries(files)));
  return dir;
}
