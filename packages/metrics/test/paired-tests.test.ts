import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import {
  accuracyEquivalence,
  mcnemarExact,
  MetricsError,
  pairedAccuracyInterval,
  pairedBootstrap,
} from '../src/index.js';
import { caseNamed, oracle, pairedOracle } from './oracle.js';

describe('mcnemarExact', () => {
  it.each(pairedOracle.mcnemar)('agrees with statsmodels: %d and %d rows', (onlyFirst, onlySecond, p) => {
    expect(Math.abs(mcnemarExact(onlyFirst, onlySecond) / p - 1)).toBeLessThan(1e-9);
  });

  it('without discordant rows is 1', () => {
    expect(mcnemarExact(0, 0)).toBe(1);
  });

  it.each([
    [-1, 0],
    [0, 0.5],
    [NaN, 1],
  ])('refuses %d and %d', (onlyFirst, onlySecond) => {
    expect(() => mcnemarExact(onlyFirst, onlySecond)).toThrow(MetricsError);
  });
});

describe('pairedAccuracyInterval', () => {
  it.each(pairedOracle.tango)(
    'agrees with the score test solved numerically: $onlyFirstRight and $onlySecondRight of $n at $level',
    ({ level, interval, ...counts }) => {
      const [low, high] = pairedAccuracyInterval(counts, level);
      expect(Math.abs(low - interval[0])).toBeLessThan(1e-9);
      expect(Math.abs(high - interval[1])).toBeLessThan(1e-9);
    },
  );

  it('changes its sign and nothing else when the models change places, and holds the difference', () => {
    const counts = fc.tuple(fc.nat(40), fc.nat(40), fc.integer({ min: 1, max: 60 }));
    const property = fc.property(counts, ([onlyFirstRight, onlySecondRight, agreed]) => {
      const n = onlyFirstRight + onlySecondRight + agreed;
      const [low, high] = pairedAccuracyInterval({ n, onlyFirstRight, onlySecondRight });
      const mirrored = pairedAccuracyInterval({ n, onlyFirstRight: onlySecondRight, onlySecondRight: onlyFirstRight });
      expect(-mirrored[1]).toBeCloseTo(low, 12);
      expect(-mirrored[0]).toBeCloseTo(high, 12);
      const difference = (onlySecondRight - onlyFirstRight) / n;
      expect(low).toBeLessThanOrEqual(difference);
      expect(high).toBeGreaterThanOrEqual(difference);
    });
    fc.assert(property, { seed: 8, numRuns: 200 });
  });

  it.each([
    { n: 0, onlyFirstRight: 0, onlySecondRight: 0 },
    { n: 3, onlyFirstRight: 2, onlySecondRight: 2 },
    { n: 3, onlyFirstRight: -1, onlySecondRight: 2 },
  ])('refuses %o', (counts) => {
    expect(() => pairedAccuracyInterval(counts)).toThrow(MetricsError);
  });
});

describe('accuracyEquivalence', () => {
  const conclude = (n: number, onlyFirstRight: number, onlySecondRight: number, margin = 0.005) =>
    accuracyEquivalence({ n, onlyFirstRight, onlySecondRight }, margin).conclusion;

  it('needs 539 rows without a flip to say that half a point is not exceeded', () => {
    expect([conclude(538, 0, 0), conclude(539, 0, 0)]).toEqual(['undecided', 'equivalent']);
  });

  it('is decided by whether the 90 % interval lies inside the margin, outside, or across', () => {
    expect(conclude(5000, 20, 21)).toBe('equivalent');
    expect(conclude(5000, 120, 40)).toBe('different');
    expect(conclude(5000, 40, 120)).toBe('different');
    expect(conclude(5000, 60, 35)).toBe('undecided');
    expect(accuracyEquivalence({ n: 5000, onlyFirstRight: 20, onlySecondRight: 21 }, 0.005)).toMatchObject({
      difference: 0.0002,
      interval: pairedAccuracyInterval({ n: 5000, onlyFirstRight: 20, onlySecondRight: 21 }, 0.9),
    });
  });

  it.each([0, 1, -0.1, NaN])('refuses a margin of %d', (margin) => {
    expect(() => conclude(10, 0, 0, margin)).toThrow(MetricsError);
  });
});

describe('pairedBootstrap', () => {
  it.each(oracle.paired)('agrees with scikit-learn on the same resamples: $name', (recorded) => {
    const { labels, probabilities } = caseNamed(recorded.name);
    const { resamples, seed, level, second } = recorded;
    const differences = pairedBootstrap(labels, probabilities, second, { resamples, seed, level });
    expect(Object.keys(differences)).toEqual(Object.keys(recorded.intervals));
    for (const name of Object.keys(differences) as (keyof typeof differences)[]) {
      const [low, high] = differences[name].interval;
      expect(Math.abs(low - recorded.intervals[name][0]), name).toBeLessThan(1e-12);
      expect(Math.abs(high - recorded.intervals[name][1]), name).toBeLessThan(1e-12);
    }
  });

  it('says both metrics and their difference', () => {
    const { accuracy } = pairedBootstrap([0, 1, 1, 0], [0.1, 0.9, 0.2, 0.3], [0.1, 0.9, 0.8, 0.7], { resamples: 10 });
    expect(accuracy).toMatchObject({ first: 0.75, second: 0.75, difference: 0 });
  });

  it('of a model and itself is 0 in every resample', () => {
    const { labels, probabilities } = caseNamed('many ties');
    const differences = pairedBootstrap(labels, probabilities, probabilities, { resamples: 20 });
    expect(Object.values(differences).map(({ interval }) => interval)).toEqual(Array(10).fill([0, 0]));
  });

  it('does not depend on the order of the rows, to the bit', () => {
    const { name, second } = oracle.paired[1] as (typeof oracle.paired)[number];
    const { labels, probabilities } = caseNamed(name);
    const options = { resamples: 20, seed: 3 };
    expect(pairedBootstrap(labels.toReversed(), probabilities.toReversed(), second.toReversed(), options)).toEqual(
      pairedBootstrap(labels, probabilities, second, options),
    );
  });

  it('refuses models with other numbers of rows', () => {
    const refused = () => pairedBootstrap([0, 1], [0.1, 0.2], [0.3]);
    expect(refused).toThrow(expect.objectContaining({ code: 'LENGTH_MISMATCH' }));
  });
});
