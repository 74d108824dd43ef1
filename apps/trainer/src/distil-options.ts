import type { CheckpointOptions } from './checkpoint.js';
import type { OptionSpec, OptionSpecs } from './option-spec.js';
import { TRAIN_OPTION_SPECS, type TrainOptions } from './train-options.js';

/** What `distil` asks beside the options of `train`. */
export interface TeachingOptions {
  readonly teacher: readonly string[];
  readonly teacherCacheDir: string | undefined;
  readonly unlabeledFile: readonly string[] | undefined;
  readonly maxUnlabeledSamples: number | undefined;
  readonly distilTemperature: number;
  readonly distilAlpha: number;
}

/** Soft labels take their place. */
type LabelOption = 'labelSmoothingFactor' | 'classWeights';

/** Options of `distil` after defaults. Paths are absolute. */
export type DistilOptions = Omit<TrainOptions, LabelOption> & TeachingOptions;

const TEACHING_OPTION_SPECS: Readonly<Record<keyof TeachingOptions, OptionSpec>> = {
  teacher: { kind: 'paths', help: 'folders of the models to learn from, with commas between', required: true },
  teacherCacheDir: {
    kind: 'path',
    help: "folder that keeps the teachers' answers between runs; default marquee/teachers in the user's cache",
  },
  unlabeledFile: {
    kind: 'paths',
    help: 'CSV or JSONL files with further reviews, with commas between; labels are not looked at',
  },
  maxUnlabeledSamples: { kind: 'integer', help: 'take the first N reviews of each unlabeled file', least: 1 },
  distilTemperature: { kind: 'number', help: 'divides the logits of teachers and student', fallback: 2, least: 0.1 },
  distilAlpha: {
    kind: 'number',
    help: 'weight of the labels, from 0 to 1; the teachers have the rest',
    fallback: 0.3,
    least: 0,
    below: 1.0000001,
  },
};

const { labelSmoothingFactor: _, classWeights: __, ...trainSpecs } = TRAIN_OPTION_SPECS;

export const DISTIL_OPTION_SPECS = { ...TEACHING_OPTION_SPECS, ...trainSpecs } satisfies OptionSpecs;

export const toTrainOptions = (options: DistilOptions): TrainOptions => ({
  ...options,
  labelSmoothingFactor: 0,
  classWeights: 'none',
});

/** Which of the options decide the trained numbers. Teachers and files go by their digests. */
export const decisiveTeachingOptions = ({
  maxUnlabeledSamples,
  distilTemperature,
  distilAlpha,
}: TeachingOptions): CheckpointOptions => ({
  maxUnlabeledSamples: maxUnlabeledSamples ?? null,
  distilTemperature,
  distilAlpha,
});
