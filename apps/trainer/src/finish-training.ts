import { join } from 'node:path';

import { inferenceModel, type Weight } from '@marquee/distilbert';
import type { JsonObject, Manifest } from '@marquee/model-core';

import { replaceInt8, updateManifest, writeArtifact } from './artifact-writer.js';
import { divideLogits } from './calibration.js';
import { writeDurably } from './durable-write.js';
import type { Evaluator } from './evaluator.js';
import { calibrateOnValidation, measureArtifact } from './measure-artifact.js';
import { describeModel } from './model-card.js';
import { TRAIN_LOG_FILE } from './output-folder.js';
import type { DataPart } from './prepare-data.js';
import type { Training } from './prepare-training.js';
import type { StartingModel } from './starting-model.js';
import { loggedSeconds } from './train-log.js';
import { decisiveOptions } from './train-options.js';
import type { FinishedRun } from './training-run.js';
import type { TrainingState } from './training-state.js';

const CARD_FILE = 'README.md';

/**
 * Calibrates the model, writes the artifact, evaluates it as it will be served, and puts the figures into its manifest and card. An int8 graph that does not answer
 * as the fp32 graph does is taken out, and the fp32 graph put in its place. Throws `INTERRUPTED`.
 */
export async function finishTraining(
  training: Training,
  evaluator: Evaluator,
  finished: FinishedRun,
): Promise<Manifest> {
  const { options, model, config, data, progress } = training;
  const { outputDir } = options;
  const { maxLength, truncation } = training.servingTokenizer;
  const trained = weightsOf(finished.state, model);
  const calibration = await calibrateOnValidation(training, evaluator, trained);
  const { manifest, weights } = await writeArtifact(outputDir, {
    model,
    config,
    weights: divideLogits(trained, calibration.temperature),
    text: { maxLength, truncation },
    seenRows: new Set([...model.seenRows, ...data.train.rowDigests]),
    parent: describeParent(model),
    training: await describeTraining(training, finished),
  });
  const measurements = await measureArtifact(training, evaluator, weights, calibration);
  const isRefused = measurements.equivalence.verdict === 'refused';
  const published = isRefused ? await replaceInt8(outputDir, manifest, inferenceModel(config, weights)) : manifest;
  if (isRefused) progress.say('the int8 graph was taken out of the artifact: it is served in fp32, more slowly');
  const complete = { ...published, ...(measurements as unknown as JsonObject) };
  await writeDurably(join(outputDir, CARD_FILE), describeModel(complete));
  const written = await updateManifest(outputDir, complete, [CARD_FILE]);
  progress.say(`the model is in ${outputDir}; serve it with: npm start -- --model ${outputDir}`);
  return written;
}

async function describeTraining({ options, data }: Training, { state, evaluations }: FinishedRun): Promise<JsonObject> {
  const { train, validation, test } = data;
  const parts = Object.entries({ train, validation, test }).filter(([, part]) => part !== undefined) as [
    string,
    DataPart,
  ][];
  return {
    options: decisiveOptions(options),
    steps: state.step,
    seconds: Math.round(await loggedSeconds(join(options.outputDir, TRAIN_LOG_FILE))),
    evaluations: [...evaluations],
    data: Object.fromEntries(parts.map(([name, { source }]) => [name, { ...source }])),
  };
}

function weightsOf({ tensors }: TrainingState, model: StartingModel): Map<string, Weight> {
  const entries = [...model.weights].map(([name, { shape }]) => {
    return [name, { shape, data: tensors[name]?.data as Float32Array }] as const; // the state holds every parameter
  });
  return new Map(entries);
}

export function describeParent({ version, weightsDigest, config }: StartingModel): JsonObject {
  const shape = { dim: config.dim, n_layers: config.n_layers };
  return { ...(version === undefined ? {} : { version }), weightsSha256: weightsDigest, ...shape };
}
