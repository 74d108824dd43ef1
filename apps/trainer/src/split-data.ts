import { readFile } from 'node:fs/promises';

import {
  applySplitRecord,
  DatasetError,
  type DuplicateGroups,
  groupedSplit,
  joinGroups,
  parseSplitRecord,
  type Review,
  SPLIT_PARTS,
  type SplitPart,
  type SplitRecord,
  stratifiedSplit,
} from '@marquee/dataset';

import type { DataOptions } from './data-options.js';
import { takeRows } from './take-rows.js';

/** Training, validation and test. */
const SHARES = [0.8, 0.1, 0.1] as const;

/** What is divided: the rows of one file. */
export interface DivisibleRows {
  readonly reviews: readonly Review[];
  readonly rowDigests: readonly string[];
  readonly source: { readonly sha256: string; readonly rows: number };
}

export interface DividedRows {
  /** Row indexes of each part, ascending. */
  readonly parts: Readonly<Record<SplitPart, readonly number[]>>;
  /** What repeats this division. */
  readonly record: SplitRecord;
}

/**
 * Divides rows into 80 % training, 10 % validation and 10 % test, stratified and by seed, or as a split file has it. Equal and nearly equal reviews, and
 * rows of one value in the group column, stay in one part. Nothing is dropped but, on request, the copies of equal rows.
 */
export async function splitData(
  data: DivisibleRows,
  groups: DuplicateGroups,
  options: Pick<DataOptions, 'dropDuplicates' | 'splitFile' | 'seed'>,
): Promise<DividedRows> {
  const { reviews, rowDigests } = data;
  const rows = keptRows(reviews.length, groups, options);
  const { splitFile } = options;
  if (splitFile === undefined) return recorded(data, divide(rows, reviews, groups, options), options);
  const record = await readSplitRecord(splitFile);
  const chosen = applySplitRecord(record, takeRows(rowDigests, rows), splitFile);
  return { parts: mapParts((part) => takeRows(rows, chosen[part])), record };
}

/** What may not be held out, by row digest: the reviews that models have learned that are to be judged by the part. */
export type LearnedRows = ReadonlySet<string>;

/**
 * Holds out a part of the rows for validation, stratified and by seed; the others are the training part, and none are the test part. What `splitData` keeps together stays
 * together, and a group with a learned row is not held out: where the others are hardly more than the part is to have, all of them are the part.
 */
export function holdOut(
  data: DivisibleRows,
  groups: DuplicateGroups,
  options: Pick<DataOptions, 'dropDuplicates' | 'validationSplitPercentage' | 'seed'>,
  learned: LearnedRows = new Set(),
): DividedRows {
  const { reviews, rowDigests } = data;
  const rows = keptRows(reviews.length, groups, options);
  const together = groupsKeptTogether(reviews, groups);
  const known = new Set(rows.filter((row) => learned.has(rowDigests[row] ?? '')).map((row) => together[row]));
  const free = rows.filter((row) => !known.has(together[row]));
  const share = ((options.validationSplitPercentage ?? 0) / 100) * (rows.length / free.length);
  const areScarce = free.length < rows.length && share > SCARCE_SHARE;
  const validation = areScarce
    ? free
    : takeRows(free, stratifiedSplit(labelsOf(free, reviews), share, options.seed, takeRows(together, free)).part);
  const isHeldOut = new Set(validation);
  const train = rows.filter((row) => !isHeldOut.has(row));
  return recorded(data, { train, validation, test: [] }, options);
}

/** What an earlier training held out may be a row more than is asked for now: of these no part is drawn. */
const SCARCE_SHARE = 0.9;

/** All rows, or on request the first of equal ones. */
export const keptRows = (
  count: number,
  { equal }: DuplicateGroups,
  { dropDuplicates }: Pick<DataOptions, 'dropDuplicates'>,
): number[] => [...Array(count).keys()].filter((row) => !dropDuplicates || equal[row] === row);

const recorded = (
  { rowDigests, source }: DivisibleRows,
  parts: DividedRows['parts'],
  { seed }: Pick<DataOptions, 'seed'>,
): DividedRows => ({
  parts,
  record: { formatVersion: 1, source, seed, parts: mapParts((part) => takeRows(rowDigests, parts[part])) },
});

/** The labels at the rows. */
export const labelsOf = (rows: readonly number[], reviews: readonly Review[]): number[] =>
  rows.map((row) => reviews[row]?.label ?? 0);

/** For each row the first one of those that stay in one part: equal and nearly equal reviews, and rows of one value in the group column. */
export const groupsKeptTogether = (reviews: readonly Review[], { near }: DuplicateGroups): Uint32Array =>
  joinGroups(
    near,
    reviews.map(({ group = '' }) => group),
  );

function divide(
  rows: readonly number[],
  reviews: readonly Review[],
  duplicates: DuplicateGroups,
  { seed }: Pick<DataOptions, 'seed'>,
): Record<SplitPart, number[]> {
  const groups = groupsKeptTogether(reviews, duplicates);
  const dealt = groupedSplit({
    labels: labelsOf(rows, reviews),
    groups: takeRows(groups, rows),
    shares: SHARES,
    seed,
  });
  return mapParts((part) => takeRows(rows, dealt[SPLIT_PARTS.indexOf(part)] ?? []));
}

async function readSplitRecord(file: string): Promise<SplitRecord> {
  const json = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw new DatasetError('FILE_NOT_FOUND', 'expected a split file that can be read', { file }, { cause });
  });
  return parseSplitRecord(json, file);
}

const mapParts = <T>(map: (part: SplitPart) => T): Record<SplitPart, T> =>
  Object.fromEntries(SPLIT_PARTS.map((part) => [part, map(part)])) as Record<SplitPart, T>;
