import { createHash } from 'node:crypto';
import { join } from 'node:path';

import { type DistilBertConfig, parameterCount, type Weight } from '@marquee/distilbert';
import { createTokenizer, createTokenizerJson, type JsonObject, loadClassifier, type Manifest, readManifest, type ReviewTokenizer } from '@marquee/model-core';

import { updateManifest, writeArtifact } from './artifact-writer.js';
import { type BatchPlan, planTraining } from './batch-source.js';
import { type Checkpoint, latestCheckpoint, loadCheckpoint } from './checkpoint.js';
import { writeDurably } from './durable-write.js';
import { describeEvaluation, type EvaluationReport, reportEvaluation, reportMetrics } from './evaluation-report.js';
import { createEvaluator, type Evaluator } from './evaluator.js';
import { describeModel } from './model-card.js';
import { prepareOutputFolder, TRAIN_LOG_FILE } from './output-folder.js';
import { type DataPart, prepareData, type TrainingData } from './prepare-data.js';
import type { Progress } from './progress.js';
import { scoreReviews } from './score-reviews.js';
import { readSeenRows } from './seen-rows.js';
import { loadStartingModel, type StartingModel } from './starting-model.js';
import { openTrainLog } from './train-log.js';
import { decisiveOptions, type TrainOptions } from './train-options.js';
import { TrainerError } from './trainer-error.js';
import { encodeReviews, type EncodedReviews } from './training-data.js';
import { type FinishedRun, runSteps } from './training-run.js';
import { initialState, type TrainingState } from './training-state.js';

export interface TrainDependencies {
  readonly progress: Progress;
  /** Asked before each step: true ends the run after a checkpoint. */
  readonly stopRequested: () => boolean;
}

/** How a training ended: with an artifact, or with a checkpoint because it was asked to stop. */
export type TrainResult = { readonly manifest: Manifest } | { readonly stoppedAt: string };

interface Training {
  readonly options: TrainOptions;
  readonly model: StartingModel;
  /** The starting model's, with the dropout that was asked for. */
  readonly config: DistilBertConfig;
  readonly data: TrainingData;
  readonly plan: BatchPlan;
  readonly fingerprint: string;
  /** Reads as much of a review as the finished model will, which may be more than is trained on. */
  readonly servingTokenizer: ReviewTokenizer;
  readonly seenByParent: ReadonlySet<string>;
  readonly progress: Progress;
}

/** Fine-tunes a model folder on a CSV and writes the artifact into the output folder. Everything is checked before the first step. */
export async function runTraining(options: TrainOptions, { progress, stopRequested }: TrainDependencies): Promise<TrainResult> {
  const training = await prepareTraining(options, progress);
  await prepareOutputFolder(options, parameterCount(training.config));
  const checkpoint = await resumePoint(training);
  announce(training, checkpoint);
  const evaluator = await createEvaluator(training.config, options.perDeviceEvalBatchSize, options.threads);
  const initial = checkpoint?.state ?? initialState(training.model.weights);
  const log = openTrainLog(join(options.outputDir, TRAIN_LOG_FILE), initial.step);
  try {
    const finished = await runSteps({
      ...training,
      reviews: training.data.train.encoded,
      initial,
      evaluations: checkpoint?.run.evaluations ?? [],
      log,
      stopRequested,
      evaluate: (state) => evaluateEpoch(training, evaluator, state),
      lineOf: (row) => training.data.train.reviews[row]?.line ?? 0,
    });
    if (finished.stoppedAt !== undefined) return { stoppedAt: finished.stoppedAt };
    return { manifest: await finishTraining(training, evaluator, finished) };
  } finally {
    log.close();
    await evaluator.close();
  }
}

async function prepareTraining(options: TrainOptions, progress: Progress): Promise<Training> {
  const model = await loadStartingModel(options.modelNameOrPath, options.seed);
  const { dropout } = options;
  const config = dropout === undefined ? model.config : { ...model.config, dropout, attention_dropout: dropout };
  const maxLength = options.modelMaxLength ?? config.max_position_embeddings;
  const most = config.max_position_embeddings;
  for (const [flag, length] of [['--max-seq-length', options.maxSeqLength], ['--model-max-length', maxLength]] as const) {
    if (length > most) throw new TrainerError('INVALID_OPTION', `${flag}: expected at most the model's ${most} positions, got ${length}`);
  }
  const tokenizerOf = (length: number): ReviewTokenizer =>
    createTokenizer(createTokenizerJson(model.tokenizerJson), model.tokenizerConfig, { maxLength: length, truncation: options.truncation });
  const data = await prepareData(options, tokenizerOf(options.maxSeqLength));
  const plan = planTraining(data.train.encoded, {
    batchSize: options.perDeviceTrainBatchSize,
    accumulationSteps: options.gradientAccumulationSteps,
    numEpochs: options.numTrainEpochs,
    seed: options.seed,
  });
  const fingerprint = fingerprintOf(options, model, data);
  const seenByParent = await readSeenRows(options.modelNameOrPath);
  return { options, model, config, data, plan, fingerprint, servingTokenizer: tokenizerOf(maxLength), seenByParent, progress };
}

function announce({ options, data, plan, seenByParent, progress }: Training, checkpoint: Checkpoint | undefined): void {
  const { train, validation, test } = data;
  const truncated = train.encoded.truncated.reduce((sum, flag) => sum + flag, 0);
  const sizes = [`${train.reviews.length} training`, `${validation?.reviews.length ?? 0} validation`, `${test?.reviews.length ?? 0} test`];
  progress.say(`${sizes.join(', ')} reviews; ${truncated} training reviews are longer than ${options.maxSeqLength} tokens (${options.truncation} kept)`);
  progress.say(`starting from ${options.modelNameOrPath} with a new classification head, seed ${options.seed}`);
  for (const [name, part] of [['validation', validation], ['test', test]] as const) {
    const seen = part?.rowDigests.filter((digest) => seenByParent.has(digest)).length ?? 0;
    if (seen > 0) progress.say(`${seen} ${name} reviews were seen by the starting model in its own training`);
  }
  if (checkpoint) progress.say(`going on from ${checkpoint.path}, after step ${checkpoint.run.step} of ${plan.totalSteps}`);
}

async function evaluateEpoch({ data, progress }: Training, evaluator: Evaluator, state: TrainingState): Promise<Record<string, number>> {
  if (!data.validation) return {};
  const { labels } = data.validation.encoded;
  const probabilities = await evaluator.positiveProbabilities(state.tensors, data.validation.encoded);
  const { accuracy, f1, log_loss: logLoss } = reportMetrics(labels, probabilities);
  progress.say(`validation after step ${state.step}: accuracy ${accuracy.toFixed(4)}, F1 ${f1.toFixed(4)}, log loss ${logLoss.toFixed(4)}`);
  return { eval_accuracy: accuracy, eval_f1: f1, eval_loss: logLoss };
}

/** Writes the artifact, evaluates it as it will be served, and puts the figures into its manifest and card. */
async function finishTraining(training: Training, evaluator: Evaluator, finished: FinishedRun): Promise<Manifest> {
  const { options, model, config, data, seenByParent, progress } = training;
  const { maxLength, truncation } = training.servingTokenizer;
  const manifest = await writeArtifact(options.outputDir, {
    model,
    config,
    weights: weightsOf(finished.state, model),
    text: { maxLength, truncation },
    seenRows: new Set([...seenByParent, ...data.train.rowDigests]),
    parent: await describeParent(model),
    training: {
      options: decisiveOptions(options) as JsonObject,
      steps: finished.state.step,
      tokensPerSecond: Math.round(finished.tokensPerSecond),
      data: { train: { ...data.train.source }, ...sourceOf('validation', data.validation), ...sourceOf('test', data.test) },
    },
  });
  const metrics: Record<string, JsonObject> = {};
  for (const [name, part] of [['validation', data.validation], ['test', data.test]] as const) {
    if (part) metrics[name] = await evaluatePart(training, evaluator, finished.state, name, part);
  }
  const complete = { ...manifest, metrics };
  await writeDurably(join(options.outputDir, 'README.md'), describeModel(complete));
  const written = await updateManifest(options.outputDir, complete, {}, ['README.md']);
  progress.say(`the model is in ${options.outputDir}; serve it with: npm start -- --model ${options.outputDir}`);
  return written;
}

/** Both graphs on one part: fp32 from the weights in memory, int8 from the file that was just written. */
async function evaluatePart(
  { options, servingTokenizer, seenByParent, data, progress }: Training,
  evaluator: Evaluator,
  state: TrainingState,
  name: string,
  part: DataPart,
): Promise<JsonObject> {
  const seen = new Set([...seenByParent, ...data.train.rowDigests]);
  const isSeen = (row: number): boolean => seen.has(part.rowDigests[row] ?? '');
  const encoded: EncodedReviews = encodeReviews(part.reviews, servingTokenizer);
  const classifier = await loadClassifier(options.outputDir, {
    device: 'cpu',
    graph: 'int8',
    ...(options.threads === undefined ? {} : { intraOpThreads: options.threads }),
  });
  const probabilities = {
    int8: await scoreReviews(classifier, part.reviews, progress),
    fp32: await evaluator.positiveProbabilities(state.tensors, encoded),
  };
  await classifier.close();
  const report = (graph: keyof typeof probabilities): EvaluationReport => {
    const result = reportEvaluation(encoded.labels, probabilities[graph], isSeen);
    for (const line of describeEvaluation(`${name}, ${graph}`, result)) progress.say(line);
    return result;
  };
  return { int8: report('int8'), fp32: report('fp32') } as unknown as JsonObject;
}

function weightsOf(state: TrainingState, model: StartingModel): Map<string, Weight> {
  return new Map(
    [...model.weights].map(([name, { shape }]) => [name, { shape, data: state.tensors[name]?.data as Float32Array }]),
  );
}

async function describeParent({ path, weightsDigest, config }: StartingModel): Promise<JsonObject> {
  const manifest = await readManifest(path).catch(() => undefined);
  const shape = { dim: config.dim, n_layers: config.n_layers };
  return manifest ? { version: manifest.version, weightsSha256: weightsDigest, ...shape } : { weightsSha256: weightsDigest, ...shape };
}

const sourceOf = (name: string, part: DataPart | undefined): JsonObject => (part ? { [name]: { ...part.source } } : {});

/** Everything that decides the trained numbers, so that a resume under other options or data is refused. */
function fingerprintOf(options: TrainOptions, model: StartingModel, data: TrainingData): string {
  const parts = [decisiveOptions(options), model.weightsDigest, data.train.source, data.train.reviews.length];
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex');
}

async function resumePoint({ options, fingerprint }: Training): Promise<Checkpoint | undefined> {
  const { resumeFromCheckpoint, outputDir } = options;
  if (resumeFromCheckpoint === undefined) return undefined;
  const path = resumeFromCheckpoint === true ? await latestCheckpoint(outputDir) : resumeFromCheckpoint;
  if (path === undefined) throw new TrainerError('INVALID_CHECKPOINT', `${outputDir}: expected a checkpoint to resume from, found none`);
  const checkpoint = await loadCheckpoint(path);
  if (checkpoint.run.fingerprint === fingerprint) return checkpoint;
  const expectation = 'expected the options, data and starting model that this checkpoint was made with';
  throw new TrainerError('INVALID_CHECKPOINT', `${path}: ${expectation}, got others`);
}
