import { type Interval, requireLevel } from './bootstrap-resamples.js';
import { MetricsError } from './metrics-error.js';
import { normalQuantile } from './normal-quantile.js';

/**
 * The score interval of a share (Wilson 1927), without continuity correction: for an accuracy known only as `successes` of `n`.
 * Throws a `MetricsError` unless 0 ≤ successes ≤ n are integers and n ≥ 1.
 */
export function wilsonInterval(successes: number, n: number, level = 0.95): Interval {
  requireLevel(level);
  if (!Number.isInteger(n) || n < 1) {
    throw new MetricsError('EMPTY_INPUT', `n must be a positive integer, got ${n}`);
  }
  if (!Number.isInteger(successes) || successes < 0 || successes > n) {
    throw new MetricsError('INVALID_OPTION', `successes must be an integer from 0 to ${n}, got ${successes}`);
  }
  const z = normalQuantile((1 + level) / 2);
  const share = successes / n;
  const center = share + z ** 2 / (2 * n);
  const margin = z * Math.sqrt((share * (1 - share)) / n + (z / (2 * n)) ** 2);
  const scale = 1 + z ** 2 / n;
  // Rounding must not push the ends past the shares that are certain.
  const low = successes === 0 ? 0 : (center - margin) / scale;
  const high = successes === n ? 1 : (center + margin) / scale;
  return [low, high];
}
