import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { SALIENCY_FILE, writeManifest } from '@marquee/model-core';
import { encodeSafetensors } from '@marquee/safetensors';

import { exportWeights, quantizedModel, saliencyModel } from '../src/index.js';
import { config, weights } from './support.js';

const SPECIAL = ['[PAD]', '[UNK]', '[CLS]', '[SEP]'];
/** The word of a token id: the vocabulary is `w4` to `w39`. */
export const wordOf = (id: number): string => SPECIAL[id] ?? `w${id}`;
const VOCABULARY = Object.fromEntries(Array.from({ length: config.vocab_size }, (_, id) => [wordOf(id), id]));

const TOKENIZER = {
  version: '1.0',
  truncation: null,
  padding: null,
  added_tokens: SPECIAL.map((content, id) => {
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
    vocab: VOCABULARY,
  },
};
const TOKENIZER_CONFIG = {
  tokenizer_class: 'DistilBertTokenizer',
  ...{ unk_token: '[UNK]', sep_token: '[SEP]', pad_token: '[PAD]', cls_token: '[CLS]', mask_token: '[UNK]' },
};

/** Writes the tiny DistilBERT as an artifact with gradients, whose int8 graph serves, into an empty folder. */
export async function writeExplainedArtifact(dir: string): Promise<void> {
  const files = new Map<string, Uint8Array | string>([
    ['config.json', JSON.stringify(config)],
    ['tokenizer.json', JSON.stringify(TOKENIZER)],
    ['tokenizer_config.json', JSON.stringify(TOKENIZER_CONFIG)],
    ['model.safetensors', encodeSafetensors(exportWeights(weights, 'F32'))],
    ['onnx/model_quantized.onnx', quantizedModel(config, weights)],
    [SALIENCY_FILE, saliencyModel(config)],
  ]);
  for (const [path, contents] of files) {
    await mkdir(dirname(join(dir, path)), { recursive: true });
    await writeFile(join(dir, path), contents);
  }
  const text = { maxLength: 24, truncation: 'head' } as const;
  const common = { createdAt: '2026-01-02T03:04:05.000Z', labels: ['negative', 'positive'], parameters: 1 } as const;
  await writeManifest(dir, { kind: 'transformer', text, ...common }, files.keys());
}
