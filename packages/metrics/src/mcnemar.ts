import { MetricsError } from './metrics-error.js';

/**
 * Two-sided p-value of the exact test of McNemar (1947): whether two models err equally often, from the rows that exactly one of them has right. Twice the smaller
 * binomial tail at one half, at most 1; without such rows nothing speaks against equality, and p is 1. Throws a `MetricsError` unless both are counts.
 */
export function mcnemarExact(onlyFirstRight: number, onlySecondRight: number): number {
  requireCount('onlyFirstRight', onlyFirstRight);
  requireCount('onlySecondRight', onlySecondRight);
  const n = onlyFirstRight + onlySecondRight;
  const fewer = Math.min(onlyFirstRight, onlySecondRight);
  // From C(n, fewer) / 2^n down to C(n, 0) / 2^n, each relative to the first: no factorial overflows, and no tail underflows early.
  let relative = 1;
  let sum = 0;
  for (let k = fewer; k >= 0; k--) {
    sum += relative;
    relative *= k / (n - k + 1);
  }
  return Math.min(1, 2 * sum * Math.exp(logBinomial(n, fewer) - n * Math.LN2));
}

function logBinomial(n: number, k: number): number {
  let log = 0;
  for (let i = 1; i <= k; i++) log += Math.log((n - k + i) / i);
  return log;
}

/** Throws INVALID_OPTION unless the value is an integer of at least 0. */
export function requireCount(name: string, value: number): void {
  if (Number.isSafeInteger(value) && value >= 0) return;
  throw new MetricsError('INVALID_OPTION', `${name} must be an integer of at least 0, got ${value}`);
}
