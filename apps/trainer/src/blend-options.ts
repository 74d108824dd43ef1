import type { DataOptions } from './data-options.js';
import type { OptionSpec } from './option-spec.js';
import { TRAIN_OPTION_SPECS, type TrainOptions } from './train-options.js';

/** Options of `blend` after defaults. Paths are absolute. */
export interface BlendOptions extends DataOptions, Pick<TrainOptions, 'outputDir' | 'overwriteOutputDir' | 'threads'> {
  readonly kind: 'linear' | 'blend' | 'cascade';
  /** Folders of trained artifacts; of a blend or cascade its transformers are meant. */
  readonly model: readonly string[];
  readonly folds: number;
  /** As a share: 0.002 is 0.2 points. */
  readonly maxAccuracyLoss: number;
}

const ofTraining = TRAIN_OPTION_SPECS;

export const BLEND_OPTION_SPECS: Readonly<Record<keyof BlendOptions, OptionSpec>> = {
  kind: {
    kind: 'text',
    help: 'what is made: the linear model alone, its blend with the models, or a cascade of both',
    fallback: 'cascade',
    choices: ['linear', 'blend', 'cascade'],
  },
  model: { kind: 'paths', help: 'trained models to blend with; default the model that ships' },
  outputDir: { kind: 'path', help: 'folder for the artifact; default a new runs/<time>' },
  overwriteOutputDir: ofTraining.overwriteOutputDir,
  dataFile: ofTraining.dataFile,
  trainFile: { kind: 'path', help: 'CSV or JSONL with the reviews that the linear model is fitted on' },
  validationFile: {
    kind: 'path',
    help: 'CSV or JSONL that weights and threshold are fitted on; without it a part of the training file that no model was trained on (with the same file and seed, the one that train held out)',
  },
  testFile: { kind: 'path', help: 'CSV or JSONL on which the finished artifact is evaluated once' },
  textColumnName: ofTraining.textColumnName,
  labelColumnName: ofTraining.labelColumnName,
  groupColumn: ofTraining.groupColumn,
  dropDuplicates: ofTraining.dropDuplicates,
  splitFile: ofTraining.splitFile,
  validationSplitPercentage: ofTraining.validationSplitPercentage,
  maxTrainSamples: { kind: 'integer', help: 'fit on the first N reviews', least: 2 },
  maxEvalSamples: ofTraining.maxEvalSamples,
  folds: { kind: 'integer', help: 'folds of the cross-fitting', fallback: 10, least: 2 },
  maxAccuracyLoss: {
    kind: 'number',
    help: 'accuracy that the cascade may lose beside the blend on the validation reviews, as a share: 0.002 is 0.2 points',
    fallback: 0.002,
    least: 0,
    below: 0.1,
  },
  seed: { ...ofTraining.seed, help: 'decides the held-out part, the order of fitting and the folds' },
  threads: ofTraining.threads,
};
