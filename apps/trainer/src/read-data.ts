import {
  type DataReport,
  type DuplicateGroups,
  fileDigest,
  findDuplicates,
  readReviews,
  reportData,
  type Review,
  rowDigest,
} from '@marquee/dataset';
import { LABELS } from '@marquee/model-core';

import type { DataOptions } from './data-options.js';
import { TrainerError } from './trainer-error.js';

/** The rows of one file. Texts are kept once, here; all else refers to them by index. */
export interface ReadRows {
  readonly file: string;
  readonly reviews: readonly Review[];
  readonly rowDigests: readonly string[];
  readonly source: DataSource;
}

/** Where rows came from, for the manifest. */
export interface DataSource {
  /** Digest of the file. */
  readonly sha256: string;
  readonly rows: number;
  /** Digest over the row digests, in order, of rows that were divided from a file. */
  readonly rowsSha256?: string;
}

export interface ReadLimits {
  readonly maxRows?: number | undefined;
  readonly requireBothClasses?: boolean;
  /** Reviews without text are refused otherwise. */
  readonly keepEmpty?: boolean;
  /** Read, too, of a file that is divided. */
  readonly groupColumn?: string | undefined;
}

/** Reads and checks one file of labeled reviews. */
export async function readRows(
  file: string,
  { textColumnName, labelColumnName }: Pick<DataOptions, 'textColumnName' | 'labelColumnName'>,
  { maxRows, requireBothClasses = false, keepEmpty = false, groupColumn }: ReadLimits = {},
): Promise<ReadRows> {
  if (groupColumn === textColumnName || groupColumn === labelColumnName) {
    const expectation = `expected another column than that of the review and that of the label, got ${groupColumn}`;
    throw new TrainerError('INVALID_OPTION', `--group-column: ${expectation}`);
  }
  const reviews = await readReviews(file, {
    textColumn: textColumnName,
    labelColumn: labelColumnName,
    groupColumn,
    requireBothClasses,
    keepEmpty,
    ...(maxRows === undefined ? {} : { maxRows }),
  });
  const rowDigests = reviews.map(({ text }) => rowDigest(text));
  return { file, reviews, rowDigests, source: { sha256: await fileDigest(file), rows: reviews.length } };
}

/** Which rows of a file say the same. */
export const duplicatesOf = ({ reviews, rowDigests }: Pick<ReadRows, 'reviews' | 'rowDigests'>): DuplicateGroups =>
  findDuplicates(
    reviews.map(({ text }) => text),
    rowDigests,
  );

/** What is reported as one part. */
export interface NamedRows extends Pick<ReadRows, 'reviews' | 'rowDigests'> {
  readonly name: string;
  readonly tokenCounts?: Uint32Array;
}

/** Finds copies in and between the parts and reports on them. */
export function reportRows(parts: readonly NamedRows[]): { report: DataReport; groups: DuplicateGroups } {
  const reported = parts.map(({ name, reviews, tokenCounts }) => ({
    name,
    texts: reviews.map(({ text }) => text),
    lines: Uint32Array.from(reviews, ({ line }) => line),
    labels: Uint8Array.from(reviews, ({ label }) => label),
    ...(tokenCounts && { tokenCounts }),
  }));
  const texts = reported.flatMap((part) => part.texts);
  const groups = findDuplicates(
    texts,
    parts.flatMap(({ rowDigests }) => rowDigests),
  );
  return { report: reportData(reported, groups, LABELS), groups };
}
