import { createRandom } from '@marquee/dataset';
import { describe, expect, it } from 'vitest';

import { poissonArrivals } from '../../src/serving/arrivals.js';

const arrivals = (rate: number, seconds: number, seed: number): number[] => {
  const random = createRandom(seed);
  return [...poissonArrivals(rate, seconds, () => random.float())];
};

describe('poissonArrivals', () => {
  it('has the asked rate, and gaps whose deviation is their mean', () => {
    const times = arrivals(100, 100, 1);
    expect(Math.abs(times.length - 10_000)).toBeLessThan(300); // 3 standard deviations
    const gaps = times.slice(1).map((time, i) => time - (times[i] ?? NaN));
    const mean = gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length;
    const variance = gaps.reduce((sum, gap) => sum + (gap - mean) ** 2, 0) / gaps.length;
    expect(Math.abs(mean - 10)).toBeLessThan(0.3);
    expect(Math.sqrt(variance) / mean).toBeGreaterThan(0.95);
    expect(Math.sqrt(variance) / mean).toBeLessThan(1.05);
  });

  it('is the same for the same seed', () => expect(arrivals(50, 2, 7)).toEqual(arrivals(50, 2, 7)));

  it('goes forward and ends in time', () => {
    const times = arrivals(1000, 1, 3);
    expect(times).toEqual(times.toSorted((a, b) => a - b));
    expect(times.at(-1)).toBeLessThan(1000);
  });
});
