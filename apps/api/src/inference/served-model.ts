import { createTokenizer, readArtifact, verifyArtifact } from '@marquee/model-core';
import type { JsonObject, ReviewTokenizer } from '@marquee/model-core';
import { StartError } from '../lifecycle/start-error.js';

const TOKENIZER_FILES = ['tokenizer.json', 'tokenizer_config.json'] as const;

/** What the server itself needs of a model: everything but the weights. */
export interface ServedModel {
  readonly dir: string;
  readonly version: string;
  /** `model_type` of config.json. */
  readonly modelType: string;
  readonly labelCount: number;
  readonly parameters: number;
  /** Divides the logits before softmax. */
  readonly temperature: number;
  readonly tokenizer: ReviewTokenizer;
}

/** Compares every file of the artifact with its digest, then reads what serving needs. Throws StartError MODEL_UNUSABLE. */
export async function openServedModel(dir: string): Promise<ServedModel> {
  try {
    await verifyArtifact(dir);
    const artifact = await readArtifact(dir, { files: TOKENIZER_FILES });
    const [tokenizerJson, tokenizerConfig] = TOKENIZER_FILES.map((file) => parseJsonFile(artifact.bytes(file)));
    const { manifest, config } = artifact;
    const modelType = config['model_type'];
    return {
      dir,
      version: manifest.version,
      modelType: typeof modelType === 'string' ? modelType : 'distilbert',
      labelCount: manifest.labels.length,
      parameters: manifest.parameters,
      temperature: manifest.temperature ?? 1,
      tokenizer: createTokenizer(tokenizerJson ?? {}, tokenizerConfig ?? {}, manifest.text),
    };
  } catch (cause) {
    throw new StartError('MODEL_UNUSABLE', cause instanceof Error ? cause.message : String(cause), { cause });
  }
}

function parseJsonFile(bytes: Uint8Array): JsonObject {
  return JSON.parse(new TextDecoder().decode(bytes)) as JsonObject;
}
