import { join } from 'node:path';

import type { Weight, Weights } from '@marquee/distilbert';
import { type JsonObject, loadClassifier, type Manifest, Tensor } from '@marquee/model-core';

import { updateManifest, writeArtifact } from './artifact-writer.js';
import { writeDurably } from './durable-write.js';
import { describeEvaluation, type EvaluationReport, reportEvaluation } from './evaluation-report.js';
import type { Evaluator } from './evaluator.js';
import { describeModel } from './model-card.js';
import { TRAIN_LOG_FILE } from './output-folder.js';
import type { DataPart } from './prepare-data.js';
import type { Training } from './prepare-training.js';
import { scoreReviews } from './score-reviews.js';
import type { StartingModel } from './starting-model.js';
import { loggedSeconds } from './train-log.js';
import { decisiveOptions } from './train-options.js';
import { encodeReviews } from './training-data.js';
import type { FinishedRun } from './training-run.js';
import type { TrainingState } from './training-state.js';

const CARD_FILE = 'README.md';

/** Writes the artifact, evaluates it as it will be served, and puts the figures into its manifest and card. Throws `INTERRUPTED`. */
export async function finishTraining(
  training: Training,
  evaluator: Evaluator,
  finished: FinishedRun,
): Promise<Manifest> {
  const { options, model, config, data, progress } = training;
  const { maxLength, truncation } = training.servingTokenizer;
  const { manifest, weights } = await writeArtifact(options.outputDir, {
    model,
    config,
    weights: weightsOf(finished.state, model),
    text: { maxLength, truncation },
    seenRows: new Set([...model.seenRows, ...data.train.rowDigests]),
    parent: describeParent(model),
    training: await describeTraining(training, finished),
  });
  const parameters = tensorsOf(weights);
  const metrics: Record<string, JsonObject> = {};
  for (const [name, part] of Object.entries({ validation: data.validation, test: data.test })) {
    if (part) metrics[name] = await evaluatePart(training, evaluator, parameters, name, part);
  }
  const complete = { ...manifest, metrics };
  await writeDurably(join(options.outputDir, CARD_FILE), describeModel(complete));
  const written = await updateManifest(options.outputDir, complete, [CARD_FILE]);
  progress.say(`the model is in ${options.outputDir}; serve it with: npm start -- --model ${options.outputDir}`);
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

/** Both graphs on one part: int8 from the file that was just written, fp32 from the weights as they are stored. */
async function evaluatePart(
  training: Training,
  evaluator: Evaluator,
  parameters: Readonly<Record<string, Tensor>>,
  name: string,
  part: DataPart,
): Promise<JsonObject> {
  const { options, model, data, servingTokenizer, progress } = training;
  const encoded = encodeReviews(part.reviews, servingTokenizer);
  const threads = options.threads === undefined ? {} : { intraOpThreads: options.threads };
  const classifier = await loadClassifier(options.outputDir, { device: 'cpu', graph: 'int8', ...threads });
  const int8 = await scoreReviews(classifier, part.reviews, training).finally(() => classifier.close());
  const fp32 = await evaluator.positiveProbabilities(parameters, encoded, training);
  const ownRows = new Set(data.train.rowDigests);
  const isSeen = (row: number): boolean => {
    const digest = part.rowDigests[row] ?? '';
    return model.seenRows.has(digest) || ownRows.has(digest);
  };
  const report = (graph: string, probabilities: Float64Array): EvaluationReport => {
    const result = reportEvaluation(encoded.labels, probabilities, isSeen);
    for (const line of describeEvaluation(`${name}, ${graph}`, result)) progress.say(line);
    return result;
  };
  return { int8: report('int8', int8), fp32: report('fp32', fp32) } as unknown as JsonObject;
}

function weightsOf({ tensors }: TrainingState, model: StartingModel): Map<string, Weight> {
  const entries = [...model.weights].map(([name, { shape }]) => {
    return [name, { shape, data: tensors[name]?.data as Float32Array }] as const; // the state holds every parameter
  });
  return new Map(entries);
}

const tensorsOf = (weights: Weights): Record<string, Tensor> =>
  Object.fromEntries([...weights].map(([name, { shape, data }]) => [name, new Tensor('float32', data, shape)]));

function describeParent({ version, weightsDigest, config }: StartingModel): JsonObject {
  const shape = { dim: config.dim, n_layers: config.n_layers };
  return { ...(version === undefined ? {} : { version }), weightsSha256: weightsDigest, ...shape };
}
