import { METRIC_NAMES } from './bootstrap-intervals.js';
import {
  bootstrapCounts,
  type BootstrapOptions,
  type Interval,
  percentileInterval,
  resolveBootstrapOptions,
} from './bootstrap-resamples.js';
import { measure, type MetricValues } from './classification-metrics.js';
import { requireOneEach, type ScoredRows, toScoredRows } from './scored-rows.js';

/** A metric of two models on the same rows. */
export interface MetricDifference {
  readonly first: number;
  readonly second: number;
  /** `second` − `first`. */
  readonly difference: number;
  /** Of the difference. */
  readonly interval: Interval;
}

export type MetricDifferences = Readonly<Record<keyof MetricValues, MetricDifference>>;

/**
 * Differences of all metrics between two models, with percentile bootstrap intervals (Efron and Tibshirani 1993): each resample draws rows, and both models are
 * measured on the rows drawn. Rows are drawn in the order of the first model's probability, then label, then the second's, so that the intervals do not
 * depend on the order of the rows. Resamples in which a metric is NaN are left out for it. Throws a `MetricsError`.
 */
export function pairedBootstrap(
  labels: ArrayLike<number>,
  firstProbabilities: ArrayLike<number>,
  secondProbabilities: ArrayLike<number>,
  options: BootstrapOptions = {},
): MetricDifferences {
  const { resamples, seed, level } = resolveBootstrapOptions(options);
  requireOneEach(labels, firstProbabilities, 'probability', 'probabilities');
  const [first, second] = inSharedOrder(labels, firstProbabilities, secondProbabilities);
  const samples = METRIC_NAMES.map((): number[] => []);
  const own = { first: new Uint32Array(labels.length), second: new Uint32Array(labels.length) };
  for (const counts of bootstrapCounts(labels.length, resamples, seed)) {
    const before = measure(first, reorder(counts, first.order, own.first));
    const after = measure(second, reorder(counts, second.order, own.second));
    METRIC_NAMES.forEach((name, index) => samples[index]?.push(after[name] - before[name]));
  }
  const everyRow = new Uint32Array(labels.length).fill(1);
  const [before, after] = [measure(first, everyRow), measure(second, everyRow)];
  const differences = METRIC_NAMES.map((name, index): readonly [string, MetricDifference] => {
    const interval = percentileInterval(samples[index] ?? [], level);
    return [name, { first: before[name], second: after[name], difference: after[name] - before[name], interval }];
  });
  return Object.fromEntries(differences) as MetricDifferences;
}

/** Both models' rows, whose `order` refers to one order of the rows that does not depend on the input's. */
function inSharedOrder(
  labels: ArrayLike<number>,
  first: ArrayLike<number>,
  second: ArrayLike<number>,
): [ScoredRows, ScoredRows] {
  requireOneEach(labels, second, 'probability', 'probabilities');
  const shared = Array.from({ length: labels.length }, (_, row) => row);
  // Both indexes lie inside all three arrays.
  shared.sort((a, b) => first[a]! - first[b]! || labels[a]! - labels[b]! || second[a]! - second[b]!);
  const take = (values: ArrayLike<number>): number[] => shared.map((row) => values[row]!);
  return [toScoredRows(take(labels), take(first)), toScoredRows(take(labels), take(second))];
}

function reorder(counts: Uint32Array, order: Uint32Array, into: Uint32Array): Uint32Array {
  for (let place = 0; place < order.length; place++) into[place] = counts[order[place]!]!; // order is a permutation
  return into;
}
