import { fileDigest, readReviews, type Review, rowDigest, stratifiedSplit } from '@marquee/dataset';
import type { ReviewTokenizer } from '@marquee/model-core';

import type { TrainOptions } from './train-options.js';
import { encodeReviews, type EncodedReviews } from './training-data.js';

/** One part of the data: what was read, as ids, and where it came from. */
export interface DataPart {
  readonly reviews: readonly Review[];
  readonly rowDigests: readonly string[];
  readonly encoded: EncodedReviews;
  readonly source: { readonly sha256: string; readonly rows: number };
}

export interface TrainingData {
  readonly train: DataPart;
  readonly validation: DataPart | undefined;
  readonly test: DataPart | undefined;
}

/** Reads and checks every file before anything is trained, and holds out a validation part when none is given. */
export async function prepareData(options: TrainOptions, tokenizer: ReviewTokenizer): Promise<TrainingData> {
  const columns = { textColumn: options.textColumnName, labelColumn: options.labelColumnName };
  const read = async (path: string, maxRows: number | undefined, requireBothClasses: boolean): Promise<DataPart> => {
    const reviews = await readReviews(path, {
      ...columns,
      requireBothClasses,
      ...(maxRows === undefined ? {} : { maxRows }),
    });
    return toPart(reviews, await fileDigest(path), tokenizer);
  };
  const whole = await read(options.trainFile, options.maxTrainSamples, true);
  const given =
    options.validationFile === undefined
      ? undefined
      : await read(options.validationFile, options.maxEvalSamples, false);
  const test = options.testFile === undefined ? undefined : await read(options.testFile, options.maxEvalSamples, false);
  if (given || options.validationSplitPercentage === 0) return { train: whole, validation: given, test };
  const labels = whole.reviews.map(({ label }) => label);
  const fraction = options.validationSplitPercentage / 100;
  const { rest, part } = stratifiedSplit(labels, fraction, options.seed, whole.rowDigests);
  // A handful of reviews has none to spare.
  return { train: pick(whole, rest), validation: part.length === 0 ? undefined : pick(whole, part), test };
}

function toPart(reviews: readonly Review[], sha256: string, tokenizer: ReviewTokenizer): DataPart {
  return {
    reviews,
    rowDigests: reviews.map(({ text }) => rowDigest(text)),
    encoded: encodeReviews(reviews, tokenizer),
    source: { sha256, rows: reviews.length },
  };
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
    source: { ...part.source, rows: rows.length },
  };
}
