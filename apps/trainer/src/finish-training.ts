import { join } from 'node:path';

import { inferenceModel } from '@marquee/distilbert';
import type { JsonObject } from '@marquee/model-core';

import { replaceInt8, updateManifest, writeArtifact, type TransformerManifest } from './artifact-writer.js';
import { divideLogits } from './calibration.js';
import type { ChosenModel } from './choose-model.js';
import { writeDurably } from './durable-write.js';
import type { Evaluator } from './evaluator.js';
import { calibrateOnValidation, measureArtifact } from './measure-artifact.js';
import type { Lesson } from './lesson.js';
import { CARD_FILE, describeModel } from './model-card.js';
import type { DataPart } from './prepare-data.js';
import type { Training } from './prepare-training.js';
import type { StartingModel } from './starting-model.js';
import type { TrainingEffort } from './training-effort.js';

export interface FinishedTraining extends ChosenModel {
  readonly effort: TrainingEffort;
}

/**
 * Calibrates the model, writes the artifact, evaluates it as it will be served, and puts the figures into its manifest and card. An int8 graph that does not answer
 * as the fp32 graph does is taken out, and the fp32 graph put in its place. Throws `INTERRUPTED`.
 */
export async function finishTraining(
  training: Training,
  evaluator: Evaluator,
  finished: FinishedTraining,
): Promise<TransformerManifest> {
  const { options, model, config, data, progress } = training;
  const { outputDir } = options;
  const { maxLength, truncation } = training.servingTokenizer;
  const calibration = await calibrateOnValidation(training, evaluator, finished.weights);
  const { manifest, weights } = await writeArtifact(outputDir, {
    model,
    config,
    weights: divideLogits(finished.weights, calibration.temperature),
    text: { maxLength, truncation },
    seenRows: new Set([...model.seenRows, ...data.train.rowDigests]),
    parent: describeParent(model),
    training: describeTraining(training, finished),
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

function describeTraining(
  { decisiveOptions, execution, data, lesson }: Training,
  finished: FinishedTraining,
): JsonObject {
  const { weights: _, evaluations, effort, ...course } = finished;
  const { train, validation, test } = data;
  const parts = Object.entries({ train, validation, test }).filter(([, part]) => part !== undefined) as [
    string,
    DataPart,
  ][];
  return {
    options: decisiveOptions,
    device: execution.device,
    ...course,
    ...effort,
    evaluations: evaluations.map((evaluation) => ({ ...evaluation })),
    data: Object.fromEntries(parts.map(([name, { source }]) => [name, { ...source }])),
    ...(lesson && describeLesson(lesson)),
  };
}

const describeLesson = ({ teachers, unlabeled }: Lesson): JsonObject => ({
  teachers: teachers.map((teacher) => ({ ...teacher })),
  unlabeled: unlabeled.map((source) => ({ ...source })),
});

export function describeParent({ version, weightsDigest, config }: StartingModel): JsonObject {
  const shape = { dim: config.dim, n_layers: config.n_layers };
  return { ...(version === undefined ? {} : { version }), weightsSha256: weightsDigest, ...shape };
}
