import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { createRandom } from '@marquee/dataset';
import {
  type DistilBertConfig,
  HEAD_PARAMETERS,
  importLanguageModel,
  importWeights,
  parseConfig,
  type Weight,
  withNewHead,
  withNewLanguageHead,
} from '@marquee/distilbert';
import {
  createTokenizer,
  createTokenizerJson,
  type JsonObject,
  LABELS,
  MANIFEST_FILE,
  readArtifact,
  readManifest,
} from '@marquee/model-core';
import { decodeSafetensors, type StoredTensor } from '@marquee/safetensors';

import { readSeenRows } from './seen-rows.js';
import { TrainerError } from './trainer-error.js';
import { transformerFolders } from './transformer-folders.js';

/** A model folder in Hugging Face's layout, with what training needs of it. Nothing is read from the folder later. */
export interface StartingModel {
  readonly path: string;
  /** With our two labels, whatever the checkpoint classified before. */
  readonly config: DistilBertConfig;
  readonly weights: Map<string, Weight>;
  /** Whether the head was drawn anew rather than read. */
  readonly hasNewHead: boolean;
  readonly tokenizerJson: JsonObject;
  readonly tokenizerConfig: JsonObject;
  readonly vocabulary: Uint8Array;
  /** SHA-256 of `model.safetensors`. */
  readonly weightsDigest: string;
  /** The manifest's, for a folder that has one. */
  readonly version: string | undefined;
  /** Digests of the rows that it or a parent of it was trained on; none for a folder without a manifest. */
  readonly seenRows: ReadonlySet<string>;
  /** Licenses and notices by file name: they go with what is made of the model. */
  readonly licenses: ReadonlyMap<string, Uint8Array>;
}

/** What a model folder in Hugging Face's layout must hold to be trained. */
export const MODEL_FILES = [
  'config.json',
  'model.safetensors',
  'tokenizer.json',
  'tokenizer_config.json',
  'vocab.txt',
] as const;
type ModelFiles = Readonly<Record<(typeof MODEL_FILES)[number], Uint8Array>>;

const HEAD_STREAM = 0x68656164;

type Start = Pick<StartingModel, 'weights' | 'hasNewHead'>;

interface Checkpoint {
  readonly stored: ReadonlyMap<string, StoredTensor>;
  readonly config: DistilBertConfig;
  readonly subject: string;
  /** Standard normal deviates, for a new head. */
  readonly normal: () => number;
}

/** The start of a classifier: the encoder and a new head, so that one of another shape or for other labels is no obstacle. */
function newClassifier({ stored, config, subject, normal }: Checkpoint): Start {
  const head: ReadonlySet<string> = new Set(HEAD_PARAMETERS);
  const encoder = new Map([...stored].filter(([name]) => !head.has(name)));
  return {
    weights: withNewHead(importWeights(encoder, config, subject).weights, config, normal),
    hasNewHead: true,
  };
}

/** The start of a masked language model, with the head that the checkpoint has, or a new one. */
export function languageModel({ stored, config, subject, normal }: Checkpoint): Start {
  const { weights, missingHead } = importLanguageModel(stored, config, subject);
  const hasNewHead = missingHead.length > 0;
  return { weights: hasNewHead ? withNewLanguageHead(weights, config, normal) : new Map(weights), hasNewHead };
}

/**
 * Reads a model folder as the start of some training; what of a head is new is drawn from the seed. An artifact's files are verified against its
 * manifest. Throws `INVALID_MODEL` for what is missing or does not fit together.
 */
export async function loadStartingModel(
  folder: string,
  seed: number,
  toStart: (checkpoint: Checkpoint) => Start = newClassifier,
): Promise<StartingModel> {
  const isArtifact = existsSync(join(folder, MANIFEST_FILE));
  const path = isArtifact ? await firstTransformer(folder) : folder;
  const files = isArtifact ? await readVerified(path) : await readPlain(path);
  const subject = (name: string): string => join(path, name);
  const json = (name: keyof ModelFiles): JsonObject => parseJson(files[name], subject(name));
  const config = withOurLabels(parseConfig(json('config.json'), subject('config.json')));
  const bytes = files['model.safetensors'];
  const weightsDigest = createHash('sha256').update(bytes).digest('hex');
  // An artifact's encoder has grown around the head that its own training drew, often from the same seed: a child draws from another stream.
  const ancestry = isArtifact ? [parseInt(weightsDigest.slice(0, 8), 16)] : [];
  const checkpoint = {
    stored: decodeSafetensors(bytes, subject('model.safetensors')).tensors,
    config,
    subject: subject('model.safetensors'),
    normal: normalDeviates(seed, ...ancestry),
  };
  const model = {
    path,
    config,
    ...toStart(checkpoint),
    tokenizerJson: json('tokenizer.json'),
    tokenizerConfig: json('tokenizer_config.json'),
    vocabulary: files['vocab.txt'],
    weightsDigest,
    version: isArtifact ? (await readManifest(path)).version : undefined,
    seenRows: isArtifact ? await readSeenRows(path) : new Set<string>(),
    licenses: await readLicenses(path),
  };
  requireSameVocabulary(model);
  return model;
}

/** Of a blend or cascade, the first transformer is the one to go on from. */
async function firstTransformer(dir: string): Promise<string> {
  const [first] = await transformerFolders(dir);
  if (first !== undefined) return first;
  throw new TrainerError('INVALID_MODEL', `${dir}: expected a transformer, got a linear model`);
}

async function readVerified(path: string): Promise<ModelFiles> {
  const artifact = await readArtifact(path, { files: MODEL_FILES });
  return Object.fromEntries(MODEL_FILES.map((name) => [name, artifact.bytes(name)])) as ModelFiles;
}

async function readPlain(path: string): Promise<ModelFiles> {
  const read = async (name: string): Promise<[string, Uint8Array]> => {
    const bytes = await readFile(join(path, name)).catch((cause: unknown) => {
      const expectation = `expected a model folder with ${MODEL_FILES.join(', ')}`;
      throw new TrainerError('INVALID_MODEL', `${path}: ${expectation}, could not read ${name}`, { cause });
    });
    return [name, bytes];
  };
  return Object.fromEntries(await Promise.all(MODEL_FILES.map(read))) as ModelFiles;
}

const withOurLabels = (config: DistilBertConfig): DistilBertConfig => ({
  ...config,
  num_labels: LABELS.length,
  id2label: Object.fromEntries(LABELS.map((label, id) => [id, label])),
  label2id: Object.fromEntries(LABELS.map((label, id) => [label, id])),
});

/** Serving refuses a tokenizer whose vocabulary is not the model's: better said before the training than after it. */
function requireSameVocabulary({ path, config, tokenizerJson, tokenizerConfig }: StartingModel): void {
  const text = { maxLength: config.max_position_embeddings, truncation: 'head' } as const;
  const { vocabSize } = createTokenizer(createTokenizerJson(tokenizerJson), tokenizerConfig, text);
  if (vocabSize === config.vocab_size) return;
  const expectation = `expected the ${config.vocab_size} tokens of config.json's vocab_size in tokenizer.json`;
  throw new TrainerError('INVALID_MODEL', `${path}: ${expectation}, found ${vocabSize}`);
}

async function readLicenses(dir: string): Promise<Map<string, Uint8Array>> {
  const names = (await readdir(dir)).filter((name) => /^(LICENSE|NOTICE)/i.test(name));
  const files = names.map(async (name) => [name, await readFile(join(dir, name))] as const);
  return new Map(await Promise.all(files));
}

function parseJson(bytes: Uint8Array, subject: string): JsonObject {
  try {
    const parsed: unknown = JSON.parse(Buffer.from(bytes).toString('utf8'));
    if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)) return parsed as JsonObject;
  } catch (cause) {
    throw new TrainerError('INVALID_MODEL', `${subject}: expected JSON`, { cause });
  }
  throw new TrainerError('INVALID_MODEL', `${subject}: expected a JSON object`);
}

/** Standard normal deviates by the Box-Muller transform. */
function normalDeviates(seed: number, ...ancestry: number[]): () => number {
  const random = createRandom(seed, HEAD_STREAM, ...ancestry);
  return () => Math.sqrt(-2 * Math.log(1 - random.float())) * Math.cos(2 * Math.PI * random.float());
}
