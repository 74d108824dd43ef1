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

/** Refuses options that exclude each other: one file is divided, or the parts are given. Throws `INVALID_OPTION`. */
export function checkDataOptions(options: DataOptions): void {
  const { dataFile, trainFile, validationFile, validationSplitPercentage, groupColumn, splitFile } = options;
  if (dataFile !== undefined) {
    const given = OF_GIVEN_PARTS.find((name) => options[name] !== undefined);
    if (given)
      throw refused(given, `expected without --data-file, which is divided into all three parts (${dataFile})`);
    return;
  }
  if (trainFile === undefined) throw refused('dataFile', 'expected this or --train-file, got neither');
  if (splitFile !== undefined)
    throw refused('splitFile', 'expected together with --data-file, which it says how to divide');
  if (groupColumn === undefined) return;
  if (validationFile !== undefined)
    throw refused('groupColumn', 'expected without --validation-file, beside which nothing is divided');
  if (validationSplitPercentage === 0)
    throw refused('groupColumn', 'expected with a part to hold out, got --validation-split-percentage 0');
}

const refused = (option: keyof DataOptions, expectation: string): TrainerError =>
  new TrainerError('INVALID_OPTION', `${flagOf(option)}: ${expectation}`);
