import { TRUNCATIONS, type Truncation } from '@marquee/model-core';

import { SELECTION_METRICS, type SelectionMetric, type SelectionRule } from './model-selection.js';
import type { OptionSpec } from './option-spec.js';

export const DEFAULT_TRUNCATION: Truncation = 'head+tail';

/** Options of `train` after defaults, under Hugging Face's names in camel case. Paths are absolute. */
export interface TrainOptions {
  readonly dataFile: string | undefined;
  readonly trainFile: string | undefined;
  readonly validationFile: string | undefined;
  readonly testFile: string | undefined;
  readonly outputDir: string;
  readonly overwriteOutputDir: boolean;
  readonly resumeFromCheckpoint: string | true | undefined;
  readonly modelNameOrPath: string;
  readonly modelRevision: string;
  readonly textColumnName: string;
  readonly labelColumnName: string;
  readonly groupColumn: string | undefined;
  readonly dropDuplicates: boolean;
  readonly splitFile: string | undefined;
  readonly tokenCacheDir: string | undefined;
  /** Undefined beside a file that is divided. */
  readonly validationSplitPercentage: number | undefined;
  readonly maxTrainSamples: number | undefined;
  readonly maxEvalSamples: number | undefined;
  readonly maxSeqLength: number;
  readonly truncation: Truncation;
  readonly modelMaxLength: number | undefined;
  readonly numTrainEpochs: number;
  readonly maxTrainTokens: number | undefined;
  readonly perDeviceTrainBatchSize: number;
  readonly perDeviceEvalBatchSize: number;
  readonly gradientAccumulationSteps: number;
  readonly learningRate: number;
  readonly lrSchedulerType: 'linear' | 'cosine' | 'constant';
  readonly warmupRatio: number;
  readonly weightDecay: number;
  readonly adamBeta1: number;
  readonly adamBeta2: number;
  readonly adamEpsilon: number;
  readonly maxGradNorm: number;
  readonly labelSmoothingFactor: number;
  readonly classWeights: string;
  readonly layerwiseLrDecay: number;
  readonly emaDecay: number;
  readonly precision: 'auto' | 'fp32' | 'fp16';
  readonly fp16: boolean;
  readonly device: 'auto' | 'cuda' | 'cpu';
  readonly stepsPerRun: number | undefined;
  readonly dropout: number | undefined;
  readonly evalStrategy: 'epoch' | 'steps';
  readonly evalSteps: number;
  readonly metricForBestModel: SelectionMetric;
  readonly earlyStoppingPatience: number;
  readonly earlyStoppingThreshold: number;
  readonly loadBestModelAtEnd: boolean;
  readonly seed: number;
  readonly saveSteps: number;
  readonly saveTotalLimit: number;
  readonly threads: number | undefined;
}

/** One line an option: what the command line offers, checks and explains. */
export const TRAIN_OPTION_SPECS: Readonly<Record<keyof TrainOptions, OptionSpec>> = {
  dataFile: {
    kind: 'path',
    help: 'CSV or JSONL (or either as .gz) that is divided into 80 % training, 10 % validation and 10 % test',
  },
  trainFile: {
    kind: 'path',
    help: 'CSV or JSONL with the training reviews; default the synthetic data/sample.csv',
  },
  validationFile: {
    kind: 'path',
    help: 'CSV or JSONL for validation; without it a part of the training file is held out',
  },
  testFile: { kind: 'path', help: 'CSV or JSONL on which the finished model is evaluated once' },
  outputDir: { kind: 'path', help: 'folder for checkpoints, log and model; default a new runs/<time>' },
  overwriteOutputDir: {
    kind: 'flag',
    help: 'remove what an earlier run wrote into the output folder',
    fallback: false,
  },
  resumeFromCheckpoint: {
    kind: 'path-or-flag',
    help: 'go on from this checkpoint, or from the newest of the output folder',
  },
  modelNameOrPath: {
    kind: 'path-or-name',
    help: 'model whose encoder is the start, a folder or a name on the Hugging Face Hub; default the model that ships',
  },
  modelRevision: { kind: 'text', help: 'branch, tag or commit of a model on the hub', fallback: 'main' },
  textColumnName: { kind: 'text', help: 'column of the review', fallback: 'review' },
  labelColumnName: { kind: 'text', help: 'column of the label, positive or negative', fallback: 'sentiment' },
  groupColumn: {
    kind: 'text',
    help: 'column whose equal values stay in one part of a file that is divided (a film, an author)',
  },
  dropDuplicates: {
    kind: 'flag',
    help: 'keep only the first of equal reviews of --data-file or --train-file',
    fallback: false,
  },
  splitFile: { kind: 'path', help: 'divide --data-file as this split.json of an earlier run does' },
  tokenCacheDir: {
    kind: 'path',
    help: "folder that keeps token ids between runs; default marquee/tokens in the user's cache",
  },
  validationSplitPercentage: {
    kind: 'number',
    help: 'per cent of the training file held out when there is no validation file',
    fallback: 5,
    unlessGiven: 'dataFile',
    least: 0,
    below: 100,
  },
  maxTrainSamples: { kind: 'integer', help: 'train on the first N reviews', least: 2 },
  maxEvalSamples: { kind: 'integer', help: 'evaluate on the first N reviews of a file', least: 2 },
  maxSeqLength: {
    kind: 'integer',
    help: 'tokens of a review that are trained on, special tokens included',
    fallback: 256,
    least: 3,
  },
  truncation: {
    kind: 'text',
    help: 'which part of a longer review is kept',
    fallback: DEFAULT_TRUNCATION,
    choices: TRUNCATIONS,
  },
  modelMaxLength: {
    kind: 'integer',
    help: 'tokens of a review that the finished model reads; default all that its positions allow',
    least: 3,
  },
  numTrainEpochs: { kind: 'integer', help: 'passes over the training reviews, at most', fallback: 3, least: 1 },
  maxTrainTokens: {
    kind: 'integer',
    help: 'tokens to train on, padding not counted, whatever --num-train-epochs says',
    least: 1,
  },
  perDeviceTrainBatchSize: { kind: 'integer', help: 'reviews in a batch', fallback: 16, least: 1 },
  perDeviceEvalBatchSize: { kind: 'integer', help: 'reviews in a batch of evaluation', fallback: 16, least: 1 },
  gradientAccumulationSteps: { kind: 'integer', help: 'batches summed into one update', fallback: 1, least: 1 },
  learningRate: { kind: 'number', help: 'largest learning rate of AdamW', fallback: 5e-5, least: 0 },
  lrSchedulerType: {
    kind: 'text',
    help: 'schedule after warm-up',
    fallback: 'linear',
    choices: ['linear', 'cosine', 'constant'],
  },
  warmupRatio: {
    kind: 'number',
    help: 'part of all steps over which the learning rate grows',
    fallback: 0.08,
    least: 0,
    below: 1,
  },
  weightDecay: {
    kind: 'number',
    help: 'decay of matrices (not of biases and layer normalizations)',
    fallback: 0.01,
    least: 0,
  },
  adamBeta1: { kind: 'number', help: 'decay of the first moments', fallback: 0.9, least: 0, below: 1 },
  adamBeta2: { kind: 'number', help: 'decay of the second moments', fallback: 0.999, least: 0, below: 1 },
  adamEpsilon: { kind: 'number', help: 'added to the root of the second moments', fallback: 1e-8, least: 0 },
  maxGradNorm: { kind: 'number', help: 'largest global norm of the gradients, 0 for any', fallback: 1, least: 0 },
  labelSmoothingFactor: { kind: 'number', help: 'weight of the uniform label', fallback: 0, least: 0, below: 1 },
  classWeights: {
    kind: 'text',
    help: 'what each class counts for in the loss: none, balanced, or two numbers as in 0.8,1.25 (negative first)',
    fallback: 'none',
  },
  layerwiseLrDecay: {
    kind: 'number',
    help: 'factor of the learning rate from one layer to the next below',
    fallback: 1,
    least: 0,
  },
  emaDecay: {
    kind: 'number',
    help: 'decay of a moving average of the weights, which is evaluated and exported then; 0 for none',
    fallback: 0,
    least: 0,
    below: 1,
  },
  precision: {
    kind: 'text',
    help: 'how linear maps are computed, fp16 with a scaled loss; auto is fp16 on CUDA and fp32 on the CPU, which only imitates fp16',
    fallback: 'auto',
    choices: ['auto', 'fp32', 'fp16'],
  },
  fp16: { kind: 'boolean', help: 'short for --precision fp16', fallback: false },
  device: {
    kind: 'text',
    help: 'where the training runs; auto is CUDA where it can be used',
    fallback: 'auto',
    choices: ['auto', 'cuda', 'cpu'],
  },
  stepsPerRun: {
    kind: 'integer',
    help: 'updates in one run of the device, over which its state stays there; default 8 on CUDA and 1 on the CPU',
    least: 1,
  },
  dropout: { kind: 'number', help: "rate on hidden states and attention; default the model's own", least: 0, below: 1 },
  evalStrategy: {
    kind: 'text',
    help: 'when the validation reviews are scored',
    fallback: 'epoch',
    choices: ['epoch', 'steps'],
  },
  evalSteps: {
    kind: 'integer',
    help: 'updates between evaluations, with --eval-strategy steps',
    fallback: 500,
    least: 1,
  },
  metricForBestModel: {
    kind: 'text',
    help: 'the metric on the validation reviews by which the best model is chosen',
    fallback: 'f1',
    choices: Object.keys(SELECTION_METRICS),
    ignoredPrefix: 'eval_', // as Hugging Face's Trainer takes it
  },
  earlyStoppingPatience: {
    kind: 'integer',
    help: 'evaluations in a row without improvement that end the training, 0 for none',
    fallback: 2,
    least: 0,
  },
  earlyStoppingThreshold: {
    kind: 'number',
    help: 'what the metric must gain to count as an improvement',
    fallback: 0,
    least: 0,
  },
  loadBestModelAtEnd: {
    kind: 'boolean',
    help: 'take the best model instead of the last one',
    fallback: true,
  },
  seed: {
    kind: 'integer',
    help: 'decides which reviews are held out, the new head, the order and the dropout',
    fallback: 42,
    least: 0,
    below: 2 ** 32,
  },
  saveSteps: {
    kind: 'integer',
    help: 'updates between checkpoints (one is also written after each epoch and before each evaluation)',
    fallback: 500,
    least: 1,
  },
  saveTotalLimit: {
    kind: 'integer',
    help: 'checkpoints kept, of these the newest and the best',
    fallback: 2,
    least: 1,
  },
  threads: { kind: 'integer', help: 'threads of ONNX Runtime; default one a core', least: 1 },
};

/** Options that only say where things go and how fast they get there: a resume may change them. */
const NOT_IN_FINGERPRINT: readonly (keyof TrainOptions)[] = [
  'dataFile',
  'trainFile',
  'validationFile',
  'testFile',
  // The fingerprint holds the digest of the rows that these choose.
  'groupColumn',
  'dropDuplicates',
  'splitFile',
  'tokenCacheDir',
  'outputDir',
  'overwriteOutputDir',
  'resumeFromCheckpoint',
  'modelNameOrPath',
  'modelRevision',
  'maxEvalSamples',
  'modelMaxLength',
  'perDeviceEvalBatchSize',
  'saveSteps',
  'saveTotalLimit',
  'threads',
  // `precision` holds what is computed with.
  'fp16',
  'device',
  'stepsPerRun',
];

/** The options that decide the trained numbers, in a fixed order. */
export function decisiveOptions(options: TrainOptions): Readonly<Record<string, string | number | boolean | null>> {
  const names = (Object.keys(TRAIN_OPTION_SPECS) as (keyof TrainOptions)[]).filter(
    (name) => !NOT_IN_FINGERPRINT.includes(name),
  );
  return Object.fromEntries(names.map((name) => [name, options[name] ?? null]));
}

export const selectionRule = (options: TrainOptions): SelectionRule => ({
  metric: options.metricForBestModel,
  patience: options.earlyStoppingPatience,
  threshold: options.earlyStoppingThreshold,
  takesBest: options.loadBestModelAtEnd,
});
