import type { DistilBertConfig } from '@marquee/distilbert';
import { createTokenizer, createTokenizerJson, type ReviewTokenizer } from '@marquee/model-core';

import { type BatchPlan, planTraining } from './batch-source.js';
import { describeData } from './describe-data.js';
import { type ClassWeights, resolveClassWeights } from './class-weights.js';
import { findModelFolder } from './hub/hub-model.js';
import type { CheckpointOptions } from './checkpoint.js';
import { type Execution, resolveExecution } from './execution.js';
import { fingerprintOf } from './fingerprint.js';
import type { Lesson } from './lesson.js';
import { type DataPart, prepareData, type TrainingData } from './prepare-data.js';
import { loadStartingModel, type StartingModel } from './starting-model.js';
import { createTokenization, type Tokenization } from './tokenize.js';
import { decisiveOptions, type TrainOptions } from './train-options.js';
import { examplesOf, type TrainingExamples } from './training-examples.js';
import { TrainerError } from './trainer-error.js';
import type { TrainingWatch } from './training-observer.js';

/** Everything that a training reads, checked. */
export interface Training extends TrainingWatch {
  /** With the precision that is computed in. */
  readonly options: TrainOptions;
  readonly execution: Execution;
  /** Where there is a lesson, with the rows that the student gets to know by it among those that it has seen. */
  readonly model: StartingModel;
  /** The starting model's, with the dropout that was asked for. */
  readonly config: DistilBertConfig;
  readonly data: TrainingData;
  /** What is learned from: the training part of the data, or the lesson's. */
  readonly examples: TrainingExamples;
  readonly lesson: Lesson | undefined;
  readonly plan: BatchPlan;
  readonly classWeights: ClassWeights | undefined;
  /** The options that decide the trained numbers. */
  readonly decisiveOptions: CheckpointOptions;
  readonly fingerprint: string;
  /** Reads as much of a review as the finished model will, which may be more than is trained on. */
  readonly servingTokenizer: ReviewTokenizer;
}

/** Makes a lesson of the training reviews. */
export type Teach = (train: DataPart, tokenization: Tokenization) => Promise<Lesson>;

/** Reads and checks model and data, and plans the steps. */
export async function prepareTraining(requested: TrainOptions, watch: TrainingWatch, teach?: Teach): Promise<Training> {
  const execution = await resolveExecution(requested);
  const options = { ...requested, precision: execution.precision };
  const model = await loadStartingModel(await findModelFolder(options, watch), options.seed);
  const { dropout } = options;
  const config = dropout === undefined ? model.config : { ...model.config, dropout, attention_dropout: dropout };
  const positions = config.max_position_embeddings;
  const { maxSeqLength, modelMaxLength = positions } = options;
  requirePositions('--max-seq-length', maxSeqLength, positions);
  requirePositions('--model-max-length', modelMaxLength, positions);
  const tokenizerJson = createTokenizerJson(model.tokenizerJson);
  const { tokenizerConfig } = model;
  const { truncation, tokenCacheDir } = options;
  const limits = { maxLength: maxSeqLength, truncation };
  const { progress } = watch;
  const tokenization = createTokenization({ tokenizerJson, tokenizerConfig, limits, tokenCacheDir, progress });
  const data = await prepareData(options, tokenization);
  requireDefined(options, data);
  const lesson = await teach?.(data.train, tokenization);
  const examples = lesson?.examples ?? examplesOf(data.train, options.dataFile ?? options.trainFile ?? '');
  const plan = planTraining(examples.encoded, {
    batchSize: options.perDeviceTrainBatchSize,
    accumulationSteps: options.gradientAccumulationSteps,
    numEpochs: options.numTrainEpochs,
    maxTokens: options.maxTrainTokens,
    seed: options.seed,
  });
  const classWeights = resolveClassWeights(options.classWeights, data.train.encoded.labels);
  const decisive = { ...decisiveOptions(options), ...lesson?.decisiveOptions };
  return {
    ...watch,
    ...{ options, execution, config, data, examples, lesson, plan, classWeights },
    model: { ...model, seenRows: new Set([...model.seenRows, ...(lesson?.seenRows ?? [])]) },
    decisiveOptions: decisive,
    fingerprint: fingerprintOf(decisive, model, data, lesson),
    servingTokenizer: createTokenizer(tokenizerJson, tokenizerConfig, { maxLength: modelMaxLength, truncation }),
  };
}

function requirePositions(flag: string, length: number, positions: number): void {
  if (length <= positions) return;
  throw new TrainerError(
    'INVALID_OPTION',
    `${flag}: expected at most the model's ${positions} positions, got ${length}`,
  );
}

/** Areas under curves compare reviews of both classes. */
function requireDefined({ metricForBestModel }: TrainOptions, { validation }: TrainingData): void {
  if (!metricForBestModel.endsWith('_auc') || !validation || new Set(validation.encoded.labels).size > 1) return;
  throw new TrainerError(
    'INVALID_OPTION',
    `--metric-for-best-model: ${metricForBestModel} expects validation reviews of both classes, got one class`,
  );
}

/** Says in a few lines what is about to be done. */
export function announce({ options, execution, model, data, examples, lesson, plan, progress }: Training): void {
  const { train, validation, test } = data;
  const truncated = examples.encoded.truncated.reduce((sum, flag) => sum + flag, 0);
  const sizes = { training: train, validation, test };
  const counts = Object.entries(sizes).flatMap(([name, part]) => (part ? [`${part.reviews.length} ${name}`] : []));
  progress.say(`${counts.join(', ')} reviews, ${plan.totalSteps} steps`);
  const { device, precision } = execution;
  if (device === 'cuda' || precision === 'fp16')
    progress.say(`linear maps in ${precision} on ${device === 'cpu' ? 'the CPU, which only imitates it' : 'CUDA'}`);
  if (truncated > 0) {
    const cut = `${truncated} training reviews are longer than ${options.maxSeqLength} tokens`;
    progress.say(`${cut}; their ${options.truncation} is kept`);
  }
  progress.say(`starting from ${model.path} with a new classification head, drawn from seed ${options.seed}`);
  for (const line of describeData(data.report)) progress.say(line);
  const who = lesson
    ? 'the starting model, by a teacher, or stand among the unlabeled'
    : 'the starting model in its own training';
  const ownRows = new Set(train.rowDigests);
  for (const [name, part] of Object.entries({ validation, test })) {
    const seen = part?.rowDigests.filter((digest) => model.seenRows.has(digest)).length ?? 0;
    const shared = part?.rowDigests.filter((digest) => ownRows.has(digest)).length ?? 0;
    if (seen > 0) progress.say(`${seen} ${name} reviews were seen by ${who}`);
    if (shared > 0) progress.say(`${shared} ${name} reviews are training reviews, too`);
  }
}
