import type { OptionSpec } from './option-spec.js';
import type { CheckpointOptions } from './checkpoint.js';
import { TRAIN_OPTION_SPECS, type TrainOptions } from './train-options.js';

/** Options that mean the same as in `train`. */
const SHARED = [
  'outputDir',
  'overwriteOutputDir',
  'resumeFromCheckpoint',
  'textColumnName',
  'tokenCacheDir',
  'perDeviceTrainBatchSize',
  'perDeviceEvalBatchSize',
  'lrSchedulerType',
  'warmupRatio',
  'weightDecay',
  'adamBeta1',
  'adamBeta2',
  'adamEpsilon',
  'maxGradNorm',
  'dropout',
  'saveSteps',
  'saveTotalLimit',
  'threads',
] as const satisfies readonly (keyof TrainOptions)[];

/** Options of `pretrain` after defaults, under Hugging Face's names in camel case. Paths are absolute. */
export interface PretrainOptions extends Pick<TrainOptions, (typeof SHARED)[number]> {
  readonly trainFile: readonly string[];
  readonly validationFile: readonly string[] | undefined;
  readonly modelNameOrPath: string;
  readonly modelRevision: string;
  readonly validationSplitPercentage: number;
  readonly maxTrainSamples: number | undefined;
  readonly maxEvalSamples: number | undefined;
  readonly maxSeqLength: number;
  readonly mlmProbability: number;
  readonly numTrainEpochs: number;
  readonly maxTrainTokens: number | undefined;
  readonly learningRate: number;
  readonly evalSteps: number;
  readonly seed: number;
}

const shared = Object.fromEntries(SHARED.map((name) => [name, TRAIN_OPTION_SPECS[name]])) as Record<
  (typeof SHARED)[number],
  OptionSpec
>;

export const PRETRAIN_OPTION_SPECS: Readonly<Record<keyof PretrainOptions, OptionSpec>> = {
  trainFile: {
    kind: 'paths',
    help: 'CSV or JSONL files with reviews, with commas between; labels are not looked at',
    required: true,
  },
  validationFile: { kind: 'paths', help: 'held-out text; without it a part of the training text is held out' },
  ...shared,
  perDeviceTrainBatchSize: { ...shared.perDeviceTrainBatchSize, help: 'sequences in a batch' },
  perDeviceEvalBatchSize: { ...shared.perDeviceEvalBatchSize, help: 'sequences in a batch of held-out text' },
  modelNameOrPath: {
    kind: 'path-or-name',
    help: 'model to go on from, a folder or a name on the Hugging Face Hub; default the model that ships',
  },
  modelRevision: TRAIN_OPTION_SPECS.modelRevision,
  validationSplitPercentage: {
    ...TRAIN_OPTION_SPECS.validationSplitPercentage,
    help: 'per cent of the texts held out when there is no validation file',
    fallback: 1,
  },
  maxTrainSamples: { kind: 'integer', help: 'train on the first N texts of each file', least: 2 },
  maxEvalSamples: { kind: 'integer', help: 'measure on the first N texts of each file', least: 1 },
  maxSeqLength: {
    kind: 'integer',
    help: 'tokens of a sequence; texts are packed one after the other',
    fallback: 256,
    least: 8,
  },
  mlmProbability: {
    kind: 'number',
    help: 'share of the tokens that the model has to predict',
    fallback: 0.15,
    least: 0.01,
    below: 0.5,
  },
  numTrainEpochs: {
    kind: 'integer',
    help: 'passes over the text, where --max-train-tokens does not say how much',
    fallback: 1,
    least: 1,
  },
  maxTrainTokens: { kind: 'integer', help: 'tokens to train on, in less than a pass or in several', least: 1 },
  learningRate: { ...TRAIN_OPTION_SPECS.learningRate, fallback: 1e-4 },
  evalSteps: { kind: 'integer', help: 'updates between measurements on held-out text', fallback: 500, least: 1 },
  seed: { ...TRAIN_OPTION_SPECS.seed, help: 'decides a new head, the order, the masking and the dropout' },
};

/** Options that only say where things go, how fast they get there, and what is measured on the way: a resume may change them. */
const NOT_DECISIVE: readonly (keyof PretrainOptions)[] = [
  'trainFile',
  'validationFile',
  'outputDir',
  'overwriteOutputDir',
  'resumeFromCheckpoint',
  'modelNameOrPath',
  'tokenCacheDir',
  'modelRevision',
  'maxEvalSamples',
  'perDeviceEvalBatchSize',
  'saveSteps',
  'saveTotalLimit',
  'threads',
];

/** The options that decide the trained numbers, in a fixed order. */
export function decisivePretrainOptions(options: PretrainOptions): CheckpointOptions {
  const names = (Object.keys(PRETRAIN_OPTION_SPECS) as (keyof PretrainOptions)[]).filter(
    (name) => !NOT_DECISIVE.includes(name),
  );
  return Object.fromEntries(names.map((name) => [name, options[name] ?? null])) as CheckpointOptions; // paths are not decisive
}
