import { median } from './summary.js';

/**
 * The median of the slopes of all pairs of points (Theil 1950, Sen 1968): memory is a sawtooth of garbage collections, and a few points far off the line
 * do not turn it. NaN where no two xs differ.
 */
export function slope(xs: readonly number[], ys: readonly number[]): number {
  const slopes: number[] = [];
  for (const [i, x] of xs.entries()) {
    for (let j = i + 1; j < xs.length; j += 1) {
      const width = (xs[j] ?? NaN) - x;
      if (width !== 0) slopes.push(((ys[j] ?? NaN) - (ys[i] ?? NaN)) / width);
    }
  }
  return median(slopes);
}
