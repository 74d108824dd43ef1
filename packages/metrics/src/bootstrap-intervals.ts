import { mersenne } from 'pure-rand/generator/mersenne';

import { type MetricValues, measure } from './classification-metrics.js';
import { MetricsError } from './metrics-error.js';
import { toScoredRows } from './scored-rows.js';

export interface BootstrapOptions {
  /** Default 1,000. */
  readonly resamples?: number;
  /** An unsigned 32-bit integer. Default 0. */
  readonly seed?: number;
  /** Share of the resamples inside the interval. Default 0.95. */
  readonly level?: number;
}

/** Lower and upper end. */
export type Interval = readonly [number, number];

export type BootstrapIntervals = Readonly<Record<keyof MetricValues, Interval>>;

const METRIC_NAMES = [
  'accuracy',
  'precision',
  'recall',
  'f1',
  'rocAuc',
  'logLoss',
] as const satisfies (keyof MetricValues)[];

/**
 * Percentile bootstrap intervals (Efron 1979): the metrics of `resamples` samples of n rows drawn with replacement, cut at the
 * quantiles (1 ∓ level) / 2. Rows are drawn by MT19937 as ⌊n · u / 2^32⌋ in the order of probability, so the intervals
 * depend on the rows and the seed, not on the order of the rows. Resamples of one class are left out for `rocAuc`, which is
 * NaN when none remains. Throws a `MetricsError`.
 */
export function bootstrapIntervals(
  labels: ArrayLike<number>,
  positiveProbabilities: ArrayLike<number>,
  options: BootstrapOptions = {},
): BootstrapIntervals {
  const { resamples, seed, level } = resolveOptions(options);
  const rows = toScoredRows(labels, positiveProbabilities);
  const n = rows.labels.length;
  const random = mersenne(seed);
  const counts = new Uint32Array(n);
  const samples = METRIC_NAMES.map(() => new Float64Array(resamples));

  for (let resample = 0; resample < resamples; resample++) {
    counts.fill(0);
    for (let draw = 0; draw < n; draw++) {
      // An index below n.
      counts[Math.floor(((random.next() >>> 0) * n) / 2 ** 32)]!++;
    }
    const metrics = measure(rows, counts);
    METRIC_NAMES.forEach((name, index) => {
      samples[index]![resample] = metrics[name];
    });
  }
  const intervals = METRIC_NAMES.map((name, index) => [name, percentileInterval(samples[index]!, level)] as const);
  return Object.fromEntries(intervals) as BootstrapIntervals;
}

function resolveOptions(options: BootstrapOptions): Required<BootstrapOptions> {
  const resolved = { resamples: 1000, seed: 0, level: 0.95, ...options };
  if (!Number.isInteger(resolved.resamples) || resolved.resamples < 1) {
    throw new MetricsError('INVALID_OPTION', `resamples must be a positive integer, got ${resolved.resamples}`);
  }
  if (resolved.seed >>> 0 !== resolved.seed) {
    throw new MetricsError('INVALID_OPTION', `seed must be an unsigned 32-bit integer, got ${resolved.seed}`);
  }
  requireLevel(resolved.level);
  return resolved;
}

/** Throws INVALID_OPTION unless the confidence level lies between 0 and 1. */
export function requireLevel(level: number): void {
  if (!(level > 0 && level < 1)) {
    throw new MetricsError('INVALID_OPTION', `level must lie between 0 and 1, got ${level}`);
  }
}

function percentileInterval(values: Float64Array, level: number): Interval {
  const sorted = values.filter((value) => !Number.isNaN(value)).sort();
  return [quantile(sorted, (1 - level) / 2), quantile(sorted, (1 + level) / 2)];
}

// Linear interpolation between order statistics: type 7 of Hyndman and Fan (1996), numpy's default.
function quantile(sorted: Float64Array, q: number): number {
  const position = q * (sorted.length - 1);
  const below = sorted[Math.floor(position)] ?? Number.NaN;
  const above = sorted[Math.ceil(position)] ?? Number.NaN;
  return below + (position - Math.floor(position)) * (above - below);
}
