import { mersenne } from 'pure-rand/generator/mersenne';

import { MetricsError } from './metrics-error.js';

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

/** Fills in the defaults. Throws INVALID_OPTION. */
export function resolveBootstrapOptions(options: BootstrapOptions): Required<BootstrapOptions> {
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

/**
 * How often each of n rows stands in each of `resamples` samples of n rows drawn with replacement: indexes ⌊n · u / 2^32⌋ with u from MT19937.
 * One array is filled anew for each sample.
 */
export function* bootstrapCounts(n: number, resamples: number, seed: number): Generator<Uint32Array, void> {
  const random = mersenne(seed);
  const counts = new Uint32Array(n);
  for (let resample = 0; resample < resamples; resample++) {
    counts.fill(0);
    for (let draw = 0; draw < n; draw++) {
      // An index below n.
      counts[Math.floor(((random.next() >>> 0) * n) / 2 ** 32)]!++;
    }
    yield counts;
  }
}

/** The quantiles (1 ∓ level) / 2 of the values that are numbers; NaN where none is. */
export function percentileInterval(values: ArrayLike<number>, level: number): Interval {
  const sorted = Float64Array.from(values)
    .filter((value) => !Number.isNaN(value))
    .sort();
  return [quantile(sorted, (1 - level) / 2), quantile(sorted, (1 + level) / 2)];
}

// Linear interpolation between order statistics: type 7 of Hyndman and Fan (1996), numpy's default.
function quantile(sorted: Float64Array, q: number): number {
  const position = q * (sorted.length - 1);
  const below = sorted[Math.floor(position)] ?? Number.NaN;
  const above = sorted[Math.ceil(position)] ?? Number.NaN;
  return below + (position - Math.floor(position)) * (above - below);
}
