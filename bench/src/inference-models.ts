import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import {
  type DistilBertConfig,
  exportWeights,
  inferenceModel,
  parameterCount,
  quantizedModel,
  type Weights,
} from '@marquee/distilbert';
import { createTokenizerJson, type JsonObject, LABELS, writeManifest } from '@marquee/model-core';
import { encodeSafetensors } from '@marquee/safetensors';

import { runForJson } from './child-process.js';

const EXPORT_SCRIPT = fileURLToPath(new URL('../python/export_peer.py', import.meta.url));
const MAX_LENGTH = 512;

/** An artifact of ours with both graphs, and float32 weights for the exporters of others. `tokenizerDir` holds the tokenizer of any BERT. */
export async function writeOurModel(
  dir: string,
  config: DistilBertConfig,
  weights: Weights,
  tokenizerDir: string,
): Promise<void> {
  await mkdir(join(dir, 'onnx'), { recursive: true });
  const tokenizer = JSON.parse(await readFile(join(tokenizerDir, 'tokenizer.json'), 'utf8')) as JsonObject;
  const files: Readonly<Record<string, string | Uint8Array>> = {
    'config.json': JSON.stringify({ architectures: ['DistilBertForSequenceClassification'], ...config }),
    'tokenizer.json': JSON.stringify(createTokenizerJson(tokenizer)),
    'tokenizer_config.json': JSON.stringify(TOKENIZER_CONFIG),
    'model.safetensors': encodeSafetensors(exportWeights(weights, 'F32')),
    'onnx/model.onnx': inferenceModel(config, weights),
    'onnx/model_quantized.onnx': quantizedModel(config, weights),
  };
  for (const [name, content] of Object.entries(files)) await writeFile(join(dir, name), content);
  const text = { maxLength: MAX_LENGTH, truncation: 'head' } as const;
  const draft = {
    kind: 'transformer',
    createdAt: new Date().toISOString(),
    text,
    labels: LABELS,
    parameters: parameterCount(config),
  } as const;
  await writeManifest(dir, draft, Object.keys(files));
}

const TOKENIZER_CONFIG: JsonObject = {
  tokenizer_class: 'PreTrainedTokenizerFast',
  model_max_length: MAX_LENGTH,
  truncation_side: 'right',
  cls_token: '[CLS]',
  sep_token: '[SEP]',
  pad_token: '[PAD]',
  unk_token: '[UNK]',
  mask_token: '[MASK]',
};

/** How the peer's files were made. */
export interface PeerExport {
  readonly exporter: string;
  readonly quantizer: string;
}

/** The same model as users of transformers.js get it: the usual fp32 export, quantized dynamically, with our configuration and tokenizer beside it. */
export async function writePeerModel(dir: string, ourDir: string, python: string): Promise<PeerExport> {
  await mkdir(join(dir, 'onnx'), { recursive: true });
  const result = (await runForJson(python, [
    EXPORT_SCRIPT,
    '--model',
    ourDir,
    '--output-dir',
    join(dir, 'onnx'),
  ])) as PeerExport;
  for (const name of ['config.json', 'tokenizer.json', 'tokenizer_config.json'])
    await copyFile(join(ourDir, name), join(dir, name));
  return result;
}
