import { join } from 'node:path';

import {
  createRandom,
  type DuplicateGroups,
  formatReviews,
  groupedSplit,
  requireBothClasses,
  type Review,
} from '@marquee/dataset';
import { LABELS } from '@marquee/model-core';

import { checkDataOptions } from '../data-options.js';
import { writeDurably } from '../durable-write.js';
import { duplicatesOf, type ReadRows, readRows } from '../read-data.js';
import { type DividedRows, groupsKeptTogether, keptRows, labelsOf, splitData } from '../split-data.js';
import { takeRows } from '../take-rows.js';
import { TrainerError } from '../trainer-error.js';
import type { TuneOptions } from './tune-options.js';

/** Training and held-out reviews of one fold, as files that a training reads. */
export interface TuningPart {
  readonly trainFile: string;
  readonly validationFile: string;
  readonly trainRows: number;
}

type Reviews = readonly Review[];
type Fold = { readonly train: Reviews; readonly validation: Reviews };

const ORDER_STREAM = 0x6f726472;

/**
 * Writes the reviews of a search as CSV files, one pair a fold. Training reviews are shuffled with the classes evenly spread, so that the first so many are a
 * stratified sample of all. Test reviews (of `--data-file`) are left out.
 */
export async function writeTuningParts(options: TuneOptions, dir: string): Promise<TuningPart[]> {
  const folds = options.folds === 1 ? [await heldOut(options)] : await crossValidation(options);
  const parts: TuningPart[] = [];
  for (const [index, { train, validation }] of folds.entries()) {
    const file = (name: string): string => join(dir, `fold-${index + 1}-${name}.csv`);
    const part = { trainFile: file('train'), validationFile: file('validation'), trainRows: train.length };
    await writeDurably(part.trainFile, toCsv(spreadClasses(train, options.seed), options));
    await writeDurably(part.validationFile, toCsv(validation, options));
    parts.push(part);
  }
  return parts;
}

async function heldOut(options: TuneOptions): Promise<Fold> {
  const { dataFile, validationFile, validationSplitPercentage = 0, maxTrainSamples, seed } = options;
  if (dataFile !== undefined) {
    const { rows, parts } = await divide(dataFile, options);
    return { train: pick(rows, parts.train.slice(0, maxTrainSamples)), validation: pick(rows, parts.validation) };
  }
  const { rows, duplicates, used } = await readTraining(options);
  if (validationFile !== undefined) {
    return { train: pick(rows, used), validation: (await readRows(validationFile, options)).reviews };
  }
  const part = validationSplitPercentage / 100;
  const [train = [], validation = []] = dealRows(rows, duplicates, used, [1 - part, part], seed);
  if (validation.length > 0) return { train: pick(rows, train), validation: pick(rows, validation) };
  const expectation = 'expected a part of the training reviews to rank the trials by';
  throw new TrainerError(
    'INVALID_OPTION',
    `--validation-split-percentage: ${expectation}, got ${validationSplitPercentage}`,
  );
}

async function crossValidation(options: TuneOptions): Promise<Fold[]> {
  const { dataFile, validationFile, folds, seed } = options;
  if (validationFile !== undefined) {
    throw new TrainerError(
      'INVALID_OPTION',
      '--validation-file: expected without --folds, which hold out parts of the training reviews',
    );
  }
  const { rows, duplicates, used } =
    dataFile === undefined ? await readTraining(options) : await readDivided(dataFile, options);
  const parts = dealRows(rows, duplicates, used, Array<number>(folds).fill(1 / folds), seed);
  return parts.map((validation) => {
    const isHeldOut = new Set(validation);
    if (validation.length > 0) {
      return {
        train: pick(
          rows,
          used.filter((row) => !isHeldOut.has(row)),
        ),
        validation: pick(rows, validation),
      };
    }
    throw new TrainerError(
      'INVALID_OPTION',
      `--folds: expected at most as many as there are different reviews, got ${folds}`,
    );
  });
}

/** What a search may learn of a file, and which of its rows say the same. */
interface Searched {
  readonly rows: ReadRows;
  readonly duplicates: DuplicateGroups;
  /** Row indexes, ascending. */
  readonly used: readonly number[];
}

async function readTraining(options: TuneOptions): Promise<Searched> {
  checkDataOptions({ ...options, testFile: undefined });
  const { trainFile = '', groupColumn, maxTrainSamples } = options; // one of the two files is given
  const rows = await readRows(trainFile, options, { maxRows: maxTrainSamples, requireBothClasses: true, groupColumn });
  const duplicates = duplicatesOf(rows);
  const used = keptRows(rows.reviews.length, duplicates, options);
  requireBothClasses(trainFile, pick(rows, used), LABELS);
  return { rows, duplicates, used };
}

async function readDivided(dataFile: string, options: TuneOptions): Promise<Searched> {
  const { rows, duplicates, parts } = await divide(dataFile, options);
  const used = [...parts.train, ...parts.validation].sort((a, b) => a - b);
  return { rows, duplicates, used: used.slice(0, options.maxTrainSamples) };
}

async function divide(
  dataFile: string,
  options: TuneOptions,
): Promise<Pick<Searched, 'rows' | 'duplicates'> & Pick<DividedRows, 'parts'>> {
  checkDataOptions({ ...options, testFile: undefined });
  const rows = await readRows(dataFile, options, { requireBothClasses: true, groupColumn: options.groupColumn });
  const duplicates = duplicatesOf(rows);
  const { parts } = await splitData(rows, duplicates, options);
  return { rows, duplicates, parts };
}

/** Deals rows to parts, stratified; what `splitData` keeps together stays together. */
function dealRows(
  rows: ReadRows,
  duplicates: DuplicateGroups,
  used: readonly number[],
  shares: readonly number[],
  seed: number,
): number[][] {
  const groups = groupsKeptTogether(rows.reviews, duplicates);
  const parts = groupedSplit({
    labels: labelsOf(used, rows.reviews),
    groups: takeRows(groups, used),
    shares,
    seed,
  });
  return parts.map((part) => takeRows(used, part));
}

const pick = ({ reviews }: ReadRows, rows: readonly number[]): Review[] => takeRows(reviews, rows);

/** Shuffles each class and spreads it evenly over the whole; each class has one of the first reviews. */
function spreadClasses(reviews: Reviews, seed: number): Review[] {
  const places = [0, 1].flatMap((label) => {
    const ofClass = createRandom(seed, ORDER_STREAM, label).shuffle(reviews.filter((review) => review.label === label));
    return ofClass.map((review, rank) => ({ review, place: rank / ofClass.length }));
  });
  return places.sort((a, b) => a.place - b.place).map(({ review }) => review);
}

const toCsv = (reviews: Reviews, { textColumnName, labelColumnName }: TuneOptions): string =>
  formatReviews(reviews, { textColumn: textColumnName, labelColumn: labelColumnName, labels: LABELS });
