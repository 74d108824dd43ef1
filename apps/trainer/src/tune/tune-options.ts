import type { OptionSpec } from '../option-spec.js';
import { TRAIN_OPTION_SPECS, type TrainOptions } from '../train-options.js';

/** A search never sees the test reviews, and each trial has a folder of its own. */
type NotInSearch = 'testFile' | 'overwriteOutputDir' | 'resumeFromCheckpoint';

/** Options of `tune` after defaults: those of the trainings, and how they are searched. */
export interface TuneOptions extends Omit<TrainOptions, NotInSearch> {
  readonly searchSpace: string;
  readonly numTrials: number;
  readonly reductionFactor: number;
  readonly folds: number;
  readonly maxMinutes: number | undefined;
  readonly resume: boolean;
}

const { testFile: _, overwriteOutputDir: __, resumeFromCheckpoint: ___, ...trainSpecs } = TRAIN_OPTION_SPECS;

export const TUNE_OPTION_SPECS: Readonly<Record<keyof TuneOptions, OptionSpec>> = {
  searchSpace: {
    kind: 'path',
    help: 'YAML file with the options to search, as in "learning-rate: { loguniform: [1e-5, 1e-3] }"',
    required: true,
  },
  numTrials: { kind: 'integer', help: 'choices of options that are tried', fallback: 9, least: 1 },
  reductionFactor: {
    kind: 'integer',
    help: 'one in this many trials goes on to the next rung, with this many times the reviews',
    fallback: 3,
    least: 2,
  },
  folds: {
    kind: 'integer',
    help: 'parts of a cross-validation; 1 for one held-out part',
    fallback: 1,
    least: 1,
  },
  maxMinutes: { kind: 'number', help: 'time after which the best trial so far wins', least: 0 },
  resume: { kind: 'flag', help: 'go on with the search in the output folder', fallback: false },
  ...trainSpecs,
  outputDir: { kind: 'path', help: 'folder for the trials and their table; default a new runs/<time>' },
  metricForBestModel: {
    ...TRAIN_OPTION_SPECS.metricForBestModel,
    help: 'metric on held-out reviews that the best model of a trial is chosen by, and the best trial',
  },
};
