import { join } from 'node:path';

import { createRandom, groupedSplit, type Review } from '@marquee/dataset';
import { LABELS } from '@marquee/model-core';

import { checkDataOptions } from '../data-options.js';
import { writeDurably } from '../durable-write.js';
import { duplicatesOf, type ReadRows, readRows } from '../read-data.js';
import { type DividedRows, groupsKeptTogether, splitData } from '../split-data.js';
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
  const rows = await readTraining(options);
  if (validationFile !== undefined) {
    return { train: rows.reviews, validation: (await readRows(validationFile, options)).reviews };
  }
  const part = validationSplitPercentage / 100;
  const [train = [], validation = []] = dealRows(rows, [...rows.reviews.keys()], [1 - part, part], seed);
  if (validation.length > 0) return { train: pick(rows, train), validation: pick(rows, validation) };
  const expectation = 'expected a part of the training reviews to rank the trials by';
  throw new TrainerError(
    'INVALID_OPTION',
    `--validation-split-percentage: ${expectation}, got ${validationSplitPercentage}`,
  );
}

async function crossValidation(options: TuneOptions): Promise<Fold[]> {
  const { dataFile, validationFile, folds, maxTrainSamples, seed } = options;
  if (validationFile !== undefined) {
    throw new TrainerError(
      'INVALID_OPTION',
      '--validation-file: expected without --folds, which hold out parts of the training reviews',
    );
  }
  const divided = dataFile === undefined ? undefined : await divide(dataFile, options);
  const rows = divided?.rows ?? (await readTraining(options));
  const used = divided
    ? [...divided.parts.train, ...divided.parts.validation].sort((a, b) => a - b).slice(0, maxTrainSamples)
    : [...rows.reviews.keys()];
  const parts = dealRows(rows, used, Array<number>(folds).fill(1 / folds), seed);
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

async function readTraining(options: TuneOptions): Promise<ReadRows> {
  checkDataOptions({ ...options, testFile: undefined });
  const { trainFile = '', maxTrainSamples } = options; // one of the two files is given
  return readRows(trainFile, options, { maxRows: maxTrainSamples, requireBothClasses: true });
}

async function divide(
  dataFile: string,
  options: TuneOptions,
): Promise<{ readonly rows: ReadRows; readonly parts: DividedRows['parts'] }> {
  checkDataOptions({ ...options, testFile: undefined });
  const rows = await readRows(dataFile, options, { requireBothClasses: true });
  const { parts } = await splitData(rows, duplicatesOf(rows), options);
  return { rows, parts };
}

/** Deals rows to parts, stratified; what `splitData` keeps together stays together. */
function dealRows(rows: ReadRows, used: readonly number[], shares: readonly number[], seed: number): number[][] {
  const groups = groupsKeptTogether(rows.reviews, duplicatesOf(rows));
  const parts = groupedSplit({
    labels: used.map((row) => rows.reviews[row]?.label ?? 0),
    groups: used.map((row) => groups[row] ?? row),
    shares,
    seed,
  });
  return parts.map((part) => part.map((index) => used[index] ?? 0)); // indexes of `used`
}

const pick = ({ reviews }: ReadRows, rows: readonly number[]): Review[] => rows.map((row) => reviews[row] as Review); // rows are indexes of the reviews

/** Shuffles each class and spreads it evenly over the whole; each class has one of the first reviews. */
function spreadClasses(reviews: Reviews, seed: number): Review[] {
  const places = [0, 1].flatMap((label) => {
    const ofClass = createRandom(seed, ORDER_STREAM, label).shuffle(reviews.filter((review) => review.label === label));
    return ofClass.map((review, rank) => ({ review, place: rank / ofClass.length }));
  });
  return places.sort((a, b) => a.place - b.place).map(({ review }) => review);
}

function toCsv(reviews: Reviews, { textColumnName, labelColumnName }: TuneOptions): string {
  const quote = (text: string): string => `"${text.replaceAll('"', '""')}"`;
  const lines = reviews.map(({ text, label }) => `${quote(text)},${LABELS[label]}\n`);
  return `${quote(textColumnName)},${quote(labelColumnName)}\n${lines.join('')}`;
}
