import { type Interval, requireLevel } from './bootstrap-resamples.js';
import { requireCount } from './mcnemar.js';
import { MetricsError } from './metrics-error.js';
import { normalQuantile } from './normal-quantile.js';

/** Two models on the same n rows. */
export interface PairedCounts {
  readonly n: number;
  readonly onlyFirstRight: number;
  readonly onlySecondRight: number;
}

export interface AccuracyEquivalence {
  /** Accuracy of the second model minus that of the first. */
  readonly difference: number;
  /** Score interval of the difference. */
  readonly interval: Interval;
  /** `equivalent` when the interval lies inside ±margin, `different` when it lies outside, else `undecided`: n is too small. */
  readonly conclusion: 'equivalent' | 'different' | 'undecided';
}

/**
 * Equivalence of two accuracies measured on the same rows by two one-sided tests (Schuirmann 1987) of level α: equivalent when the interval of level 1 − 2α of the
 * difference, here Tango's, lies inside ±margin. The default level of 0.9 is α = 0.05. Throws a `MetricsError`.
 */
export function accuracyEquivalence(counts: PairedCounts, margin: number, level = 0.9): AccuracyEquivalence {
  if (!(margin > 0 && margin < 1)) {
    throw new MetricsError('INVALID_OPTION', `margin must lie between 0 and 1, got ${margin}`);
  }
  const interval = pairedAccuracyInterval(counts, level);
  const [low, high] = interval;
  const difference = (counts.onlySecondRight - counts.onlyFirstRight) / counts.n;
  if (low > -margin && high < margin) return { difference, interval, conclusion: 'equivalent' };
  return { difference, interval, conclusion: low > margin || high < -margin ? 'different' : 'undecided' };
}

/**
 * The score interval of a difference between paired proportions (Tango 1998), second minus first: all differences that a score test of level (1 − level) does not
 * refuse. It holds its level for few rows and few discordant ones; without any it ends at ±z² / (n + z²). Throws a `MetricsError`.
 */
export function pairedAccuracyInterval(counts: PairedCounts, level = 0.95): Interval {
  requirePairedCounts(counts);
  requireLevel(level);
  const z = normalQuantile((1 + level) / 2);
  const difference = (counts.onlySecondRight - counts.onlyFirstRight) / counts.n;
  // The score falls from left to right, through 0 at the observed difference.
  return [
    difference === -1 ? -1 : bisect((at) => score(counts, at) - z, -1, difference),
    difference === 1 ? 1 : bisect((at) => score(counts, at) + z, difference, 1),
  ];
}

/** Standardized distance between the observed difference and `difference`, with the variance under the latter. */
function score({ n, onlyFirstRight: b, onlySecondRight: c }: PairedCounts, difference: number): number {
  const distance = c - b - n * difference;
  if (distance === 0) return 0;
  // The share of rows that only the first model has right, most likely under the difference: the larger root of 2n q² + linear q + constant = 0.
  const linear = (2 * n + b - c) * difference - b - c;
  const constant = -b * difference * (1 - difference);
  const share = (Math.sqrt(Math.max(0, linear ** 2 - 8 * n * constant)) - linear) / (4 * n);
  return distance / Math.sqrt(Math.max(0, n * (2 * share + difference * (1 - difference))));
}

/** The root of a falling function between two ends, to the last bit. */
function bisect(f: (x: number) => number, low: number, high: number): number {
  for (;;) {
    const middle = low + (high - low) / 2;
    if (middle <= low || middle >= high) return middle;
    if (f(middle) > 0) low = middle;
    else high = middle;
  }
}

function requirePairedCounts({ n, onlyFirstRight, onlySecondRight }: PairedCounts): void {
  requireCount('onlyFirstRight', onlyFirstRight);
  requireCount('onlySecondRight', onlySecondRight);
  if (!Number.isSafeInteger(n) || n < 1) {
    throw new MetricsError('EMPTY_INPUT', `n must be a positive integer, got ${n}`);
  }
  const discordant = onlyFirstRight + onlySecondRight;
  if (discordant <= n) return;
  throw new MetricsError('INVALID_OPTION', `expected at most n = ${n} rows with one model right, got ${discordant}`);
}
