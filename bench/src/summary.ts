/** What repeated measurements say: neighbors of a shared machine slow single ones down, so that a mean says less than a median. */
export interface Summary {
  readonly median: number;
  readonly low: number;
  readonly high: number;
}

/** Median and extremes; NaN for no values. */
export function summarize(values: readonly number[]): Summary {
  const sorted = values.toSorted((a, b) => a - b);
  return { median: median(sorted), low: sorted.at(0) ?? NaN, high: sorted.at(-1) ?? NaN };
}

/** The middle value, or the mean of the two in the middle; NaN for no values. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  return ((sorted[Math.ceil(middle) - 1] ?? NaN) + (sorted[Math.floor(middle)] ?? NaN)) / 2;
}

/** NaN for no values. */
export const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

/** Median of `values[i] / references[i]`, pairs of one round, so that a slow minute of the machine counts for both; NaN without a pair. */
export function medianRatio(values: readonly number[], references: readonly number[]): number {
  const pairs = Math.min(values.length, references.length);
  return median(values.slice(0, pairs).map((value, i) => value / (references[i] ?? NaN)));
}
