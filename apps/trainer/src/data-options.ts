import { flagOf } from './option-spec.js';
import type { TrainOptions } from './train-options.js';
import { TrainerError } from './trainer-error.js';

/** The options that say which reviews are read and how they are divided. */
export type DataOptions = Pick<
  TrainOptions,
  | 'dataFile'
  | 'trainFile'
  | 'validationFile'
  | 'testFile'
  | 'textColumnName'
  | 'labelColumnName'
  | 'groupColumn'
  | 'dropDuplicates'
  | 'splitFile'
  | 'validationSplitPercentage'
  | 'maxTrainSamples'
  | 'maxEvalSamples'
  | 'seed'
>;

const OF_GIVEN_PARTS = ['trainFile', 'validationFile', 'testFile', 'validationSplitPercentage'] as const;
const OF_DATA_FILE = ['groupColumn', 'dropDuplicates', 'splitFile'] as const;

/** Refuses options that exclude each other: one file is divided, or the parts are given. Throws `INVALID_OPTION`. */
export function checkDataOptions(options: DataOptions): void {
  const { dataFile, trainFile } = options;
  if (dataFile === undefined && trainFile === undefined) {
    throw new TrainerError('INVALID_OPTION', '--data-file: expected this or --train-file, got neither');
  }
  const conflicting = dataFile === undefined ? OF_DATA_FILE : OF_GIVEN_PARTS;
  const given = conflicting.find((name) => options[name] !== undefined && options[name] !== false);
  if (given === undefined) return;
  const expectation =
    dataFile === undefined
      ? 'expected together with --data-file, which it says how to divide'
      : `expected without --data-file, which is divided into all three parts (${dataFile})`;
  throw new TrainerError('INVALID_OPTION', `${flagOf(given)}: ${expectation}`);
}
