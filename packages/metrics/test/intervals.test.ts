import { describe, expect, it } from 'vitest';

import { bootstrapIntervals, type Interval, MetricsError, wilsonInterval } from '../src/index.js';
import { normalQuantile } from '../src/normal-quantile.js';
import { caseNamed, oracle } from './oracle.js';

function expectClose(actual: Interval, expected: Interval, tolerance = 1e-12): void {
  expect(Math.abs(actual[0] - expected[0])).toBeLessThan(tolerance);
  expect(Math.abs(actual[1] - expected[1])).toBeLessThan(tolerance);
}

describe('bootstrapIntervals', () => {
  it.each(oracle.bootstraps)('agrees with scikit-learn on the same resamples: $name', (recorded) => {
    const { labels, probabilities } = caseNamed(recorded.name);
    const { resamples, seed, level } = recorded;
    const intervals = bootstrapIntervals(labels, probabilities, { resamples, seed, level });
    expect(Object.keys(intervals)).toEqual(Object.keys(recorded.intervals));
    for (const name of Object.keys(intervals) as (keyof typeof intervals)[]) {
      expectClose(intervals[name], recorded.intervals[name]);
    }
  });

  it('does not depend on the order of the rows, to the bit', () => {
    const { labels, probabilities } = caseNamed('many ties');
    const options = { resamples: 50, seed: 3 };
    expect(bootstrapIntervals(labels.toReversed(), probabilities.toReversed(), options)).toEqual(
      bootstrapIntervals(labels, probabilities, options),
    );
  });

  it('repeats itself for one seed and differs for another', () => {
    const { labels, probabilities } = caseNamed('balanced');
    const run = (seed: number) => bootstrapIntervals(labels, probabilities, { seed, resamples: 100 });
    expect(run(1)).toEqual(run(1));
    expect(run(1)).not.toEqual(run(2));
  });

  it('takes 1,000 resamples, seed 0 and 95 % by default', () => {
    const { labels, probabilities } = caseNamed('balanced');
    const explicit = bootstrapIntervals(labels, probabilities, { resamples: 1000, seed: 0, level: 0.95 });
    expect(bootstrapIntervals(labels, probabilities)).toEqual(explicit);
  });

  it('is close to the Wilson interval for an accuracy', () => {
    const labels = Array.from({ length: 1000 }, (_, row) => row % 2);
    const probabilities = labels.map((label, row) => (row % 10 === 0 ? 1 - label : label) * 0.8 + 0.1);
    expectClose(bootstrapIntervals(labels, probabilities).accuracy, wilsonInterval(900, 1000), 0.004);
  });

  it('gives one class a ROC AUC of NaN and leaves resamples of one class out', () => {
    expect(bootstrapIntervals([1, 1], [0.9, 0.2], { resamples: 10 }).rocAuc).toEqual([Number.NaN, Number.NaN]);
    expect(bootstrapIntervals([0, 1], [0.2, 0.9], { resamples: 50 }).rocAuc).toEqual([1, 1]);
  });

  it.each([
    { resamples: 0 },
    { resamples: 1.5 },
    { seed: -1 },
    { seed: 2 ** 32 },
    { seed: 0.5 },
    { level: 1 },
    { level: 0 },
  ])('refuses %o', (options) => {
    expect(() => bootstrapIntervals([0, 1], [0, 1], options)).toThrow(MetricsError);
  });
});

describe('wilsonInterval', () => {
  it.each(oracle.wilson)('agrees with scipy: $successes of $n at $level', ({ successes, n, level, interval }) => {
    expectClose(wilsonInterval(successes, n, level), interval);
  });

  it('ends exactly at 0 and 1', () => {
    expect(wilsonInterval(0, 3)[0]).toBe(0);
    expect(wilsonInterval(3, 3)[1]).toBe(1);
  });

  it.each([
    [0, 0, 0.95],
    [4, 3, 0.95],
    [-1, 3, 0.95],
    [0.5, 3, 0.95],
    [1, 3, 1],
  ])('refuses %d of %d at %d', (successes, n, level) => {
    expect(() => wilsonInterval(successes, n, level)).toThrow(MetricsError);
  });
});

describe('normalQuantile', () => {
  it.each(oracle.normalQuantiles)('agrees with scipy at %d', (p, quantile) => {
    expect(Math.abs(normalQuantile(p) - quantile)).toBeLessThanOrEqual(1e-14 * Math.abs(quantile));
  });
});
