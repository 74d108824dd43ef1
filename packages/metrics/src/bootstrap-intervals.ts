import {
  bootstrapCounts,
  type BootstrapOptions,
  type Interval,
  percentileInterval,
  resolveBootstrapOptions,
} from './bootstrap-resamples.js';
import { measure, type MetricValues } from './classification-metrics.js';
import { toScoredRows } from './scored-rows.js';

export type BootstrapIntervals = Readonly<Record<keyof MetricValues, Interval>>;

export const METRIC_NAMES = [
  'accuracy',
  'precision',
  'recall',
  'f1',
  'rocAuc',
  'logLoss',
  'prAuc',
  'brier',
  'expectedCalibrationError',
  'mcc',
] as const satisfies (keyof MetricValues)[];

/**
 * Percentile bootstrap intervals (Efron 1979): the metrics of `resamples` samples of n rows drawn with replacement, cut at the
 * quantiles (1 ∓ level) / 2. Rows are drawn in the order of probability, so the intervals depend on the rows and the seed, not on the order of
 * the rows. Resamples in which a metric is NaN (ROC AUC of one class) are left out for it; its ends are NaN when none remains. The calibration error of a
 * resample is on average larger than that of its sample, since chance alone adds distance: its interval errs on the high side. Throws a `MetricsError`.
 */
export function bootstrapIntervals(
  labels: ArrayLike<number>,
  positiveProbabilities: ArrayLike<number>,
  options: BootstrapOptions = {},
): BootstrapIntervals {
  const { resamples, seed, level } = resolveBootstrapOptions(options);
  const rows = toScoredRows(labels, positiveProbabilities);
  const samples = METRIC_NAMES.map((): number[] => []);
  for (const counts of bootstrapCounts(rows.labels.length, resamples, seed)) {
    const metrics = measure(rows, counts);
    METRIC_NAMES.forEach((name, index) => samples[index]?.push(metrics[name]));
  }
  const intervals = METRIC_NAMES.map((name, index) => [name, percentileInterval(samples[index] ?? [], level)] as const);
  return Object.fromEntries(intervals) as BootstrapIntervals;
}
