/** Quantiles are those of the nearest rank: each is a length that occurs. All are 0 where there is no row. */
export interface LengthSummary {
  readonly least: number;
  readonly median: number;
  readonly mean: number;
  readonly p90: number;
  readonly p99: number;
  readonly most: number;
}

export function describeLengths(lengths: ArrayLike<number>): LengthSummary {
  const sorted = Float64Array.from(lengths).sort();
  const quantile = (share: number): number => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0;
  const sum = sorted.reduce((total, length) => total + length, 0);
  return {
    least: sorted[0] ?? 0,
    median: quantile(0.5),
    mean: sorted.length === 0 ? 0 : sum / sorted.length,
    p90: quantile(0.9),
    p99: quantile(0.99),
    most: sorted.at(-1) ?? 0,
  };
}
