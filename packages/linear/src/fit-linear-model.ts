import { assignBuckets, BUCKET_COUNT, ownedBuckets } from './buckets.js';
import { LinearError } from './linear-error.js';
import { lengthScale, type LinearModel } from './linear-model.js';
import { logCountRatios } from './log-count-ratios.js';
import { fitLogisticRegression } from './logistic-regression.js';
import { hashNgrams } from './ngrams.js';

/** The defaults were chosen on a part of IMDb's training reviews. */
export interface FitOptions {
  /** An n-gram counts when at least so many reviews hold it. Default 3. */
  readonly minReviews?: number;
  /** Added to each count of an n-gram. Default 1. */
  readonly smoothing?: number;
  /** C of the logistic regression. Default 100. */
  readonly inverseRegularization?: number;
  /** An unsigned 32-bit integer. Default 42. */
  readonly seed?: number;
  /** See `LogisticRegressionOptions`. Default 0.03. */
  readonly tolerance?: number;
  /** Default 50. */
  readonly maxPasses?: number;
}

const DEFAULTS: Required<FitOptions> = {
  minReviews: 3,
  smoothing: 1,
  inverseRegularization: 100,
  seed: 42,
  tolerance: 0.03,
  maxPasses: 50,
};

/**
 * Fits an NB-weighted logistic regression (Wang and Manning 2012) on the 1- to 3-grams that a review holds: 25,000 reviews take half a minute on one
 * thread. The same texts, labels (1 positive, 0 negative) and options give the same bits. Throws `INVALID_OPTION`, also for labels of one class alone.
 */
export function fitLinearModel(
  texts: readonly string[],
  labels: ArrayLike<number>,
  options: FitOptions = {},
): LinearModel {
  const resolved = resolveOptions(options);
  checkLabels(texts.length, labels);
  const hashes = texts.map(hashNgrams);
  const tags = assignBuckets(hashes, resolved.minReviews);
  const columns = hashes.map((ascending) => ownedBuckets(ascending, tags));
  const rowScales = Float64Array.from(columns, ({ length }) => lengthScale(length));
  const columnScales = logCountRatios(columns, labels, BUCKET_COUNT, resolved.smoothing);
  const { scaledWeights, bias } = fitLogisticRegression({ columns, rowScales, columnScales }, labels, resolved);
  return { tags, weights: Float32Array.from(scaledWeights), bias };
}

function resolveOptions(options: FitOptions): Required<FitOptions> {
  const resolved = { ...DEFAULTS, ...options };
  const { minReviews, smoothing, inverseRegularization, seed, tolerance, maxPasses } = resolved;
  for (const [name, value] of Object.entries({ minReviews, maxPasses })) {
    if (!Number.isSafeInteger(value) || value < 1) throw invalid(`${name} must be a positive integer, got ${value}`);
  }
  for (const [name, value] of Object.entries({ smoothing, inverseRegularization, tolerance })) {
    if (!(value > 0 && Number.isFinite(value))) throw invalid(`${name} must be a number above 0, got ${value}`);
  }
  if (seed >>> 0 !== seed) throw invalid(`seed must be an unsigned 32-bit integer, got ${seed}`);
  return resolved;
}

function checkLabels(count: number, labels: ArrayLike<number>): void {
  if (labels.length !== count) throw invalid(`expected ${count} labels, one a text, got ${labels.length}`);
  const values = new Set(Array.from(labels));
  for (const value of values) if (value !== 0 && value !== 1) throw invalid(`labels must be 0 or 1, got ${value}`);
  if (values.size < 2) throw invalid(`expected texts of both labels, got ${count} texts of one label or none`);
}

const invalid = (message: string): LinearError => new LinearError('INVALID_OPTION', message);
