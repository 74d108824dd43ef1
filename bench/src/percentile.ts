/**
 * The smallest value that at least `share` of the values do not exceed (nearest rank): a latency that some request really had. All values are kept rather
 * than counted in buckets, so that no percentile is rounded. NaN for no values.
 */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? NaN;
}
