import { join } from 'node:path';

import { type DistilBertConfig, exportWeights, type Weight } from '@marquee/distilbert';
import { type JsonObject, LABELS, writeManifest } from '@marquee/model-core';
import { encodeSafetensors } from '@marquee/safetensors';

import { ENCODER_JSON, toJson, tokenizerFiles, type TransformerManifest } from './artifact-writer.js';
import { writeDurably } from './durable-write.js';
import { describeParent } from './finish-training.js';
import type { CompleteRun } from './logged-run.js';
import type { Pretraining } from './prepare-pretraining.js';
import { decisivePretrainOptions } from './pretrain-options.js';
import { encodeSeenRows, SEEN_ROWS_FILE } from './seen-rows.js';

/**
 * Writes the model folder: weights in float32, since training goes on from them, under the names of transformers' `DistilBertForMaskedLM`. Its manifest
 * names no graph: it is a start for `train`, not for serving.
 */
export async function finishPretraining(pretraining: Pretraining, finished: CompleteRun): Promise<TransformerManifest> {
  const { options, model, config, train, progress } = pretraining;
  const text = { maxLength: config.max_position_embeddings, truncation: 'head' } as const;
  const seenRows = new Set([...model.seenRows, ...train.rowDigests]);
  const files = new Map<string, Uint8Array | string>([
    ['config.json', toJson(configJson(config))],
    ...tokenizerFiles(model, text),
    ['model.safetensors', encodeSafetensors(exportWeights(weightsOf(pretraining, finished), 'F32'))],
    [SEEN_ROWS_FILE, encodeSeenRows(seenRows)],
    ...model.licenses,
  ]);
  for (const [name, bytes] of files) await writeDurably(join(options.outputDir, name), bytes);
  const manifest = await writeManifest(
    options.outputDir,
    {
      kind: 'transformer',
      createdAt: new Date().toISOString(),
      parent: describeParent(model),
      text,
      labels: LABELS,
      parameters: [...model.weights.values()].reduce((sum, { data }) => sum + data.length, 0),
      training: describePretraining(pretraining, finished),
      ...metricsOf(finished),
      seenRows: { file: SEEN_ROWS_FILE, count: seenRows.size },
    },
    files.keys(),
  );
  const next = `npm run train -- --model-name-or-path ${options.outputDir}`;
  progress.say(`the pretrained model is in ${options.outputDir}; go on with: ${next}`);
  return manifest;
}

function configJson({ num_labels: _, id2label: __, label2id: ___, ...architecture }: DistilBertConfig): JsonObject {
  return { architectures: ['DistilBertForMaskedLM'], ...architecture, ...ENCODER_JSON, torch_dtype: 'float32' };
}

function describePretraining(
  { options, train, validation }: Pretraining,
  { state, evaluations, effort }: CompleteRun,
): JsonObject {
  const parts = Object.entries({ train, validation }).flatMap(([name, corpus]) =>
    corpus
      ? [[name, { texts: corpus.texts.length, files: corpus.sources.map((source) => ({ ...source })) }] as const]
      : [],
  );
  return {
    task: 'masked-language-model',
    options: decisivePretrainOptions(options),
    steps: state.step,
    ...effort,
    evaluations: [...evaluations],
    data: Object.fromEntries(parts),
  };
}

/** Of the finished model on held-out text, where there is some: the last step is always measured. */
function metricsOf({ evaluations }: CompleteRun): { metrics?: JsonObject } {
  const last = evaluations.at(-1);
  const [loss, perplexity] = [last?.['eval_loss'], last?.['eval_perplexity']];
  if (loss === undefined || perplexity === undefined) return {};
  return { metrics: { validation: { loss, perplexity } } };
}

function weightsOf({ model }: Pretraining, { state }: CompleteRun): Map<string, Weight> {
  const entries = [...model.weights].map(([name, { shape }]) => {
    return [name, { shape, data: state.tensors[name]?.data as Float32Array }] as const; // the state holds every parameter
  });
  return new Map(entries);
}
