import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import {
  createTokenizerJson,
  type JsonObject,
  type Manifest,
  type ManifestDraft,
  writeManifest,
} from '../../src/index.js';
import { temporaryFolder } from './folders.js';
import { tinyGraph } from './tiny-graph.js';
import { TINY_BASE_TOKENIZER, TINY_TOKENIZER_CONFIG, TINY_VOCABULARY } from './tiny-tokenizer.js';

export const TINY_VOCAB_SIZE = Object.keys(TINY_VOCABULARY).length;

/** "good" and "great" weigh for positive, "bad" against, everything else nothing. */
export function tinyTable(): Float32Array {
  const table = new Float32Array(2 * TINY_VOCAB_SIZE);
  for (const [token, weight] of Object.entries({ good: 6, great: 12, bad: -6, '##good': 3 })) {
    const row = 2 * (TINY_VOCABULARY[token] ?? 0);
    table.set([-weight, weight], row);
  }
  return table;
}

export const TINY_CONFIG = {
  model_type: 'distilbert',
  architectures: ['DistilBertForSequenceClassification'],
  vocab_size: TINY_VOCAB_SIZE,
  max_position_embeddings: 16,
  id2label: { 0: 'negative', 1: 'positive' },
  label2id: { negative: 0, positive: 1 },
  'transformers.js_config': { dtype: 'q8' },
} as const satisfies JsonObject;

export const TINY_DRAFT: ManifestDraft<'transformer'> = {
  kind: 'transformer',
  createdAt: '2026-01-02T03:04:05.000Z',
  text: { maxLength: 16, truncation: 'head' },
  labels: ['negative', 'positive'],
  parameters: 2 * TINY_VOCAB_SIZE + 4,
};

/** Files of a tiny artifact by path, to be changed by a test before they are written. */
export function tinyFiles(): Map<string, Uint8Array | string> {
  return new Map<string, Uint8Array | string>([
    ['config.json', JSON.stringify(TINY_CONFIG)],
    ['tokenizer.json', JSON.stringify(createTokenizerJson(TINY_BASE_TOKENIZER))],
    ['tokenizer_config.json', JSON.stringify(TINY_TOKENIZER_CONFIG)],
    ['onnx/model_quantized.onnx', tinyGraph(tinyTable())],
  ]);
}

/** Writes the files and their manifest into a temporary folder and gives its path. */
export async function writeTinyArtifact(
  files: ReadonlyMap<string, Uint8Array | string> = tinyFiles(),
  draft: Partial<ManifestDraft<'transformer'>> = {},
): Promise<string> {
  const dir = await temporaryFolder();
  for (const [path, contents] of files) {
    await mkdir(dirname(join(dir, path)), { recursive: true });
    await writeFile(join(dir, path), contents);
  }
  await writeManifest(dir, { ...TINY_DRAFT, ...draft }, files.keys());
  return dir;
}

/** Replaces the manifest as somebody would who does not use `writeManifest`. */
export async function rewriteManifest(dir: string, manifest: Manifest | JsonObject): Promise<void> {
  await writeFile(join(dir, 'manifest.json'), JSON.stringify(manifest));
}
