import type { Point } from './panel.js';

/** Counts of values in equal bins from 0 to `max`, as the corners of a stepped line; larger values lie beyond the picture. */
export function histogram(values: ArrayLike<number>, max: number, bins: number): Point[] {
  const counts = new Float64Array(bins);
  for (let i = 0; i < values.length; i++) {
    const bin = Math.floor(((values[i] ?? NaN) / max) * bins);
    if (bin < bins) counts[bin] = (counts[bin] ?? 0) + 1;
  }
  const edge = (bin: number): number => (bin * max) / bins;
  return [...Array.from(counts, (y, bin) => ({ x: edge(bin), y })), { x: max, y: counts[bins - 1] ?? 0 }];
}

/** Value below which a share of the values lies (nearest rank); 0 of none. */
export function quantile(values: ArrayLike<number>, share: number): number {
  const sorted = Float64Array.from(values).sort();
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0;
}

/** The least round number that is not below the value: where an axis ends well. */
export function roundUp(value: number): number {
  const power = 10 ** Math.floor(Math.log10(Math.max(value, 1)));
  const factor = [1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10].find((candidate) => candidate * power >= value) ?? 10;
  return factor * power;
}
