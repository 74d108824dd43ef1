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
} from '@marquee/dataset';

import type { DataOptions } from './data-options.js';

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
  options: Pick<DataOptions, 'dropDuplicates' | 'groupColumn' | 'splitFile' | 'seed'>,
): Promise<DividedRows> {
  const { reviews, rowDigests, source } = data;
  const rows = [...reviews.keys()].filter((row) => !options.dropDuplicates || groups.equal[row] === row);
  const digests = rows.map((row) => rowDigests[row] ?? '');
  const given = options.splitFile === undefined ? undefined : await readSplitRecord(options.splitFile);
  const chosen = given
    ? applySplitRecord(given, digests, options.splitFile ?? '')
    : divide(rows, reviews, groups, options);
  const record = given ?? {
    formatVersion: 1,
    source,
    seed: options.seed,
    parts: mapParts((part) => chosen[part].map((index) => digests[index] ?? '')),
  };
  return { parts: mapParts((part) => chosen[part].map((index) => rows[index] ?? 0)), record }; // indexes of `rows`
}

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
  const parts = groupedSplit({
    labels: rows.map((row) => reviews[row]?.label ?? 0),
    groups: rows.map((row) => groups[row] ?? row),
    shares: SHARES,
    seed,
  });
  const byName = SPLIT_PARTS.map((part, index) => [part, parts[index] ?? []]);
  return Object.fromEntries(byName) as Record<SplitPart, number[]>;
}

async function readSplitRecord(file: string): Promise<SplitRecord> {
  const json = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw new DatasetError('FILE_NOT_FOUND', 'expected a split file that can be read', { file }, { cause });
  });
  return parseSplitRecord(json, file);
}

const mapParts = <T>(map: (part: SplitPart) => T): Record<SplitPart, T> =>
  Object.fromEntries(SPLIT_PARTS.map((part) => [part, map(part)])) as Record<SplitPart, T>;
