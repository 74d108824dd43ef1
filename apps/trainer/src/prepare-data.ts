import { createHash } from 'node:crypto';

import { type DataReport, type Review, type SplitRecord, stratifiedSplit } from '@marquee/dataset';

import { checkDataOptions, type DataOptions } from './data-options.js';
import { type DataSource, type ReadLimits, type ReadRows, readRows, reportRows } from './read-data.js';
import { splitData } from './split-data.js';
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

export interface TrainingData {
  readonly train: DataPart;
  readonly validation: DataPart | undefined;
  readonly test: DataPart | undefined;
  /** On the files as they were read, before anything was divided or dropped. */
  readonly report: DataReport;
  /** How one file was divided; undefined where the parts were given. */
  readonly split: SplitRecord | undefined;
}

/**
 * Reads, checks and tokenizes all reviews before anything is trained, reports on them, and divides them: `--data-file` into three parts, else the
 * training file into two where no validation file is given. Throws `INVALID_OPTION` for options that exclude each other, and what reading throws.
 */
export async function prepareData(options: DataOptions, tokenization: Tokenization): Promise<TrainingData> {
  checkDataOptions(options);
  return options.dataFile === undefined
    ? prepareGivenParts(options, tokenization)
    : prepareDivided(options.dataFile, options, tokenization);
}

async function prepareDivided(file: string, options: DataOptions, tokenization: Tokenization): Promise<TrainingData> {
  const whole = await readPart(file, options, tokenization, { requireBothClasses: true });
  const { report, groups } = reportRows([{ name: 'data', ...whole }]);
  const { parts, record } = await splitData(whole, groups, options);
  const part = (rows: readonly number[], limit: number | undefined): DataPart =>
    withRowsDigest(pick(whole, rows.slice(0, limit)));
  const evaluated = (rows: readonly number[]): DataPart | undefined =>
    rows.length === 0 ? undefined : part(rows, options.maxEvalSamples);
  return {
    train: part(parts.train, options.maxTrainSamples),
    validation: evaluated(parts.validation),
    test: evaluated(parts.test),
    report,
    split: record,
  };
}

async function prepareGivenParts(options: DataOptions, tokenization: Tokenization): Promise<TrainingData> {
  const { trainFile = '', validationFile, testFile, maxTrainSamples, maxEvalSamples } = options;
  const read = (file: string, limits: ReadLimits): Promise<DataPart> => readPart(file, options, tokenization, limits);
  const whole = await read(trainFile, { maxRows: maxTrainSamples, requireBothClasses: true });
  const given = validationFile === undefined ? undefined : await read(validationFile, { maxRows: maxEvalSamples });
  const test = testFile === undefined ? undefined : await read(testFile, { maxRows: maxEvalSamples });
  const named = Object.entries({ train: whole, validation: given, test });
  const { report } = reportRows(named.flatMap(([name, part]) => (part ? [{ name, ...part }] : [])));
  if (given || options.validationSplitPercentage === 0) {
    return { train: whole, validation: given, test, report, split: undefined };
  }
  const labels = whole.reviews.map(({ label }) => label);
  const fraction = options.validationSplitPercentage / 100;
  const { rest, part } = stratifiedSplit(labels, fraction, options.seed, whole.rowDigests);
  // A handful of reviews has none to spare.
  const validation = part.length === 0 ? undefined : pick(whole, part);
  return { train: pick(whole, rest), validation, test, report, split: undefined };
}

async function readPart(
  file: string,
  options: DataOptions,
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
  const take = <T>(items: ArrayLike<T>): T[] => rows.map((row) => items[row] as T); // rows are indexes of the part
  const { inputIds, labels, lengths, truncated } = part.encoded;
  return {
    reviews: take(part.reviews),
    rowDigests: take(part.rowDigests),
    encoded: {
      inputIds: take(inputIds),
      labels: Uint8Array.from(take(labels)),
      lengths: Uint32Array.from(take(lengths)),
      truncated: Uint8Array.from(take(truncated)),
    },
    tokenCounts: Uint32Array.from(take(part.tokenCounts)),
    source: { ...part.source, rows: rows.length },
  };
}

/** The digest of the file does not tell which of its rows a part has. */
function withRowsDigest(part: DataPart): DataPart {
  const rowsSha256 = createHash('sha256').update(part.rowDigests.join('\n')).digest('hex');
  return { ...part, source: { ...part.source, rowsSha256 } };
}
