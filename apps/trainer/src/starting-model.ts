import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { type DistilBertConfig, importWeights, parseConfig, type Weight, withNewHead } from '@marquee/distilbert';
import { createRandom } from '@marquee/dataset';
import type { JsonObject } from '@marquee/model-core';
import { decodeSafetensors } from '@marquee/safetensors';

import { TrainerError } from './trainer-error.js';

/** A model folder in Hugging Face's layout, with what training needs of it. */
export interface StartingModel {
  readonly path: string;
  readonly config: DistilBertConfig;
  readonly weights: Map<string, Weight>;
  readonly tokenizerJson: JsonObject;
  readonly tokenizerConfig: JsonObject;
  readonly vocabulary: Uint8Array;
  /** SHA-256 of `model.safetensors`. */
  readonly weightsDigest: string;
}

const HEAD_STREAM = 0x68656164;

/** Reads a model folder and gives it a new classification head, drawn from the seed. */
export async function loadStartingModel(path: string, seed: number): Promise<StartingModel> {
  const read = async (name: string): Promise<Uint8Array> =>
    readFile(join(path, name)).catch((cause: unknown) => {
      const expectation = 'expected a model folder with config.json, model.safetensors, tokenizer.json and vocab.txt';
      throw new TrainerError('INVALID_MODEL', `${path}: ${expectation}, could not read ${name}`, { cause });
    });
  const readJson = async (name: string): Promise<JsonObject> => parseJson(await read(name), join(path, name));
  const config = parseConfig(await readJson('config.json'), join(path, 'config.json'));
  const bytes = await read('model.safetensors');
  const subject = join(path, 'model.safetensors');
  const { weights } = importWeights(decodeSafetensors(bytes, subject).tensors, config, subject);
  return {
    path,
    config,
    weights: withNewHead(weights, config, normalDeviates(seed)),
    tokenizerJson: await readJson('tokenizer.json'),
    tokenizerConfig: await readJson('tokenizer_config.json'),
    vocabulary: await read('vocab.txt'),
    weightsDigest: createHash('sha256').update(bytes).digest('hex'),
  };
}

function parseJson(bytes: Uint8Array, subject: string): JsonObject {
  try {
    return JSON.parse(Buffer.from(bytes).toString('utf8')) as JsonObject;
  } catch (cause) {
    throw new TrainerError('INVALID_MODEL', `${subject}: expected JSON`, { cause });
  }
}

/** Standard normal deviates by the Box-Muller transform. */
function normalDeviates(seed: number): () => number {
  const random = createRandom(seed, HEAD_STREAM);
  return () => Math.sqrt(-2 * Math.log(1 - random.float())) * Math.cos(2 * Math.PI * random.float());
}
