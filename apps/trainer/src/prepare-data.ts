import type { Review } from '@marquee/dataset';

import type { DataOptions } from './data-options.js';
import { type DividedData, divideData, pickRows } from './divide-data.js';
import { type DataSource, type ReadLimits, type ReadRows, readRows } from './read-data.js';
import { takeRows } from './take-rows.js';
import { sequencesOf } from './token-table.js';
import { type Tokenization, tokenizeTexts } from './tokenize.js';
import type { EncodedReviews } from './training-data.js';

/** One part of the data: what was read, as ids, and where it came from. */
export interface DataPart {
  readonly reviews: readonly Review[];
  readonly rowDigests: readonly string[];
  readonly encoded: EncodedReviews;
  /** Tokens of each whole review, before the cut. */
  readonly tokenCounts: Uint32Array;
  readonly source: DataSource;
}

export type TrainingData = DividedData<DataPart>;

/** Reads, checks, divides and tokenizes all reviews before anything is trained. Throws as `divideData`. */
export const prepareData = (options: DataOptions, tokenization: Tokenization): Promise<TrainingData> =>
  divideData(options, { read: (file, limits) => readPart(file, options, tokenization, limits), pick });

/** Reads, checks and tokenizes one file of labeled reviews. */
export async function readPart(
  file: string,
  options: Pick<DataOptions, 'textColumnName' | 'labelColumnName'>,
  tokenization: Tokenization,
  limits: ReadLimits,
): Promise<DataPart> {
  const { reviews, rowDigests, source }: ReadRows = await readRows(file, options, limits);
  const texts = reviews.map(({ text }) => text);
  const selection = { file, textColumn: options.textColumnName, maxRows: limits.maxRows, sha256: source.sha256 };
  const table = await tokenizeTexts({ ...selection, texts }, tokenization);
  const { lengths, tokenCounts } = table;
  const encoded = {
    inputIds: sequencesOf(table),
    labels: Uint8Array.from(reviews, ({ label }) => label),
    lengths,
    truncated: Uint8Array.from(tokenCounts, (count, row) => Number(count > (lengths[row] ?? 0))),
  };
  return { reviews, rowDigests, encoded, tokenCounts, source };
}

function pick(part: DataPart, rows: readonly number[]): DataPart {
  const { inputIds, labels, lengths, truncated } = part.encoded;
  return {
    ...pickRows(part, rows),
    encoded: {
      inputIds: takeRows(inputIds, rows),
      labels: Uint8Array.from(takeRows(labels, rows)),
      lengths: Uint32Array.from(takeRows(lengths, rows)),
      truncated: Uint8Array.from(takeRows(truncated, rows)),
    },
    tokenCounts: Uint32Array.from(takeRows(part.tokenCounts, rows)),
  };
}
