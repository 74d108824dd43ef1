import { type DataReport, requireBothClasses, type Review, type SplitRecord } from '@marquee/dataset';
import { LABELS } from '@marquee/model-core';

import { checkDataOptions, type DataOptions } from './data-options.js';
import {
  type DataSource,
  duplicatesOf,
  type NamedRows,
  type ReadLimits,
  type ReadRows,
  readRows,
  reportRows,
} from './read-data.js';
import { digestOfRows } from './rows-digest.js';
import { holdOut, keptRows, type LearnedRows, splitData } from './split-data.js';
import { takeRows } from './take-rows.js';

/** Rows of one file, or a part of them. */
export type RowsPart = Pick<ReadRows, 'reviews' | 'rowDigests' | 'source'>;

/** The reviews of a training, as read and divided. */
export interface DividedData<Part extends RowsPart> {
  readonly train: Part;
  readonly validation: Part | undefined;
  readonly test: Part | undefined;
  /** On the files as they were read, before anything was divided or dropped. */
  readonly report: DataReport;
  /** How the file was divided of which a part was held out; undefined where the parts were given. */
  readonly split: SplitRecord | undefined;
}

/** How the rows of a file are read, and what else is known of them. */
export interface PartReader<Part extends RowsPart> {
  readonly read: (file: string, limits: ReadLimits) => Promise<Part & Omit<NamedRows, 'name'>>;
  /** What is known of rows besides, of those that are picked. */
  readonly pick: (part: Part, rows: readonly number[]) => Part;
}

/**
 * Reads and checks all reviews, reports on them, and divides them: `--data-file` into three parts, else the training file into two where no validation file is
 * given, and none of the `learned` reviews. Throws `INVALID_OPTION` for options that exclude each other, `ONE_CLASS` where the training part has one, and what reading throws.
 */
export async function divideData<Part extends RowsPart>(
  options: DataOptions,
  reader: PartReader<Part>,
  learned?: LearnedRows,
): Promise<DividedData<Part>> {
  checkDataOptions(options);
  return options.dataFile === undefined
    ? divideGivenParts(options, reader, learned)
    : divideFile(options.dataFile, options, reader);
}

/** Reads and divides reviews, and nothing but reviews. */
export const divideReviews = (options: DataOptions, learned?: LearnedRows): Promise<DividedData<RowsPart>> =>
  divideData(options, { read: (file, limits) => readRows(file, options, limits), pick: pickRows }, learned);

async function divideFile<Part extends RowsPart>(
  file: string,
  options: DataOptions,
  { read, pick }: PartReader<Part>,
): Promise<DividedData<Part>> {
  const whole = await read(file, { requireBothClasses: true, groupColumn: options.groupColumn });
  const { report, groups } = reportRows([{ name: 'data', ...whole }]);
  const { parts, record } = await splitData(whole, groups, options);
  const part = (rows: readonly number[], limit: number | undefined): Part =>
    withRowsDigest(pick(whole, rows.slice(0, limit)));
  const train = part(parts.train, options.maxTrainSamples);
  requireBothClasses(file, train.reviews, LABELS);
  const evaluated = (rows: readonly number[]): Part | undefined =>
    rows.length === 0 ? undefined : part(rows, options.maxEvalSamples);
  return {
    train,
    validation: evaluated(parts.validation),
    test: evaluated(parts.test),
    report,
    split: record,
  };
}

async function divideGivenParts<Part extends RowsPart>(
  options: DataOptions,
  { read, pick }: PartReader<Part>,
  learned: LearnedRows | undefined,
): Promise<DividedData<Part>> {
  const { trainFile = '', validationFile, testFile, groupColumn, maxTrainSamples, maxEvalSamples } = options;
  const { validationSplitPercentage = 0 } = options;
  const whole = await read(trainFile, { maxRows: maxTrainSamples, requireBothClasses: true, groupColumn });
  const given = validationFile === undefined ? undefined : await read(validationFile, { maxRows: maxEvalSamples });
  const test = testFile === undefined ? undefined : await read(testFile, { maxRows: maxEvalSamples });
  const named = Object.entries({ train: whole, validation: given, test });
  const { report, groups } = reportRows(named.flatMap(([name, part]) => (part ? [{ name, ...part }] : [])));
  if (given || validationSplitPercentage === 0) {
    const rows = keptRows(whole.reviews.length, groups, options);
    const train = rows.length === whole.reviews.length ? whole : withRowsDigest(pick(whole, rows));
    requireBothClasses(trainFile, train.reviews, LABELS);
    return { train, validation: given, test, report, split: undefined };
  }
  // Of this file alone, so that the same part is held out whatever else is given.
  const ofFile = test ? duplicatesOf(whole) : groups;
  const { parts, record } = holdOut(whole, ofFile, options, learned);
  // A handful of reviews has none to spare.
  const validation = parts.validation.length === 0 ? undefined : withRowsDigest(pick(whole, parts.validation));
  const train = withRowsDigest(pick(whole, parts.train));
  requireBothClasses(trainFile, train.reviews, LABELS);
  return { train, validation, test, report, split: record };
}

export const pickRows = ({ reviews, rowDigests, source }: RowsPart, rows: readonly number[]): RowsPart => ({
  reviews: takeRows<Review>(reviews, rows),
  rowDigests: takeRows<string>(rowDigests, rows),
  source: { ...source, rows: rows.length },
});

function withRowsDigest<Part extends RowsPart>(part: Part): Part {
  const source: DataSource = { ...part.source, rowsSha256: digestOfRows(part.rowDigests) };
  return { ...part, source };
}
