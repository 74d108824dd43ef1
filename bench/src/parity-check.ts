/** One compared quantity. */
export interface Check {
  readonly subject: string;
  readonly error: number;
  /** Absent: reported, and never a failure. */
  readonly limit?: number;
  /** Where the largest error is, or why there is no limit. */
  readonly note?: string;
}

export const isPassed = ({ error, limit }: Check): boolean => limit === undefined || error <= limit; // NaN fails

/** Largest difference; NaN for lists of different lengths or with a NaN. */
export function absoluteError(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (actual.length !== expected.length) return NaN;
  let largest = 0;
  for (let i = 0; i < expected.length; i += 1) {
    const difference = Math.abs((actual[i] as number) - (expected[i] as number)); // lengths are equal
    if (Number.isNaN(difference)) return NaN;
    if (difference > largest) largest = difference;
  }
  return largest;
}

/** Largest difference relative to the largest expected magnitude: one scale a tensor, since single elements may be near 0. */
export function relativeError(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  return absoluteError(actual, expected) / Math.max(largestMagnitude(expected), 1e-12);
}

export function largestMagnitude(values: ArrayLike<number>): number {
  let largest = 0;
  for (let i = 0; i < values.length; i += 1) largest = Math.max(largest, Math.abs(values[i] as number)); // i is inside
  return largest;
}
