import { ModelCoreError } from './errors.js';
import { isJsonObject, isPositiveInteger, type JsonObject, textOf } from './json.js';
import { LABELS } from './manifest-format.js';

/** What serving needs of `config.json`; the rest belongs to the architecture. */
export interface ModelConfig {
  readonly modelType: string;
  readonly vocabSize: number;
  readonly maxPositions: number;
}

/** Reads `config.json`. Throws `INVALID_CONFIG` for a missing field, and for labels in another order than ours. */
export function parseModelConfig(config: JsonObject): ModelConfig {
  const { model_type: modelType, vocab_size: vocabSize, max_position_embeddings: maxPositions, id2label } = config;
  if (typeof modelType !== 'string') throw invalid('model_type must be a string');
  if (!isPositiveInteger(vocabSize)) throw invalid('vocab_size must be a positive integer');
  if (!isPositiveInteger(maxPositions)) throw invalid('max_position_embeddings must be a positive integer');
  const labels = isJsonObject(id2label) ? LABELS.map((_, id) => textOf(id2label[id]).toLowerCase()) : [];
  if (labels.join() !== LABELS.join()) throw invalid(`id2label must be {"0": "negative", "1": "positive"}`);
  return { modelType, vocabSize, maxPositions };
}

function invalid(expectation: string): ModelCoreError {
  return new ModelCoreError('INVALID_CONFIG', `config.json: ${expectation}`, { file: 'config.json' });
}
