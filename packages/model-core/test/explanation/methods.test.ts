import { mersenne } from 'pure-rand/generator/mersenne';
import { describe, expect, it } from 'vitest';

import { lime } from '../../src/explanation/lime.js';
import { createMeter, type Meter } from '../../src/explanation/meter.js';
import { occlusion } from '../../src/explanation/occlusion.js';
import { fitRidge } from '../../src/explanation/ridge.js';
import { shap } from '../../src/explanation/shap.js';
import type { ValueOf } from '../../src/explanation/subject.js';

const unhurried = (): Meter => createMeter({ timeoutMs: Infinity, signal: undefined });
const options = (samples: number, seed = 1) => ({ samples, random: mersenne(seed) });
const sumOf = (values: Float64Array): number => values.reduce((sum, value) => sum + value, 0);

const TERMS = [2, -1.5, 0, 0.25, 3];
/** A model to which every word adds its own term. */
const additive: ValueOf = (kept) => Promise.resolve(TERMS.reduce((sum, term, word) => sum + term * kept[word]!, 0.5));
/** "not" turns "good" around: 1 for good alone, −1 for both, and a third word adds 0.5. */
const negation: ValueOf = ([not = 0, good = 0, fine = 0]) => Promise.resolve(good * (1 - 2 * not) + 0.5 * fine);
/** Three words count only together. */
const allThree: ValueOf = ([a = 0, b = 0, c = 0]) => Promise.resolve(3 * a * b * c);

describe('occlusion', () => {
  it('gives the terms of an additive model', async () => {
    const { scores, logitChange, steps, converged } = await occlusion(5, additive, unhurried());
    expect([...scores]).toEqual(TERMS);
    expect([logitChange, steps, converged]).toEqual([3.75, 7, true]);
  });

  it('gives what the whole loses with each word, which need not sum to the change', async () => {
    const { scores, logitChange } = await occlusion(3, negation, unhurried());
    expect([...scores]).toEqual([-2, -1, 0.5]);
    expect(logitChange).toBe(-0.5);
  });
});

describe('shap', () => {
  it('gives the terms of an additive model from a single pair of orders', async () => {
    const { scores } = await shap(5, additive, unhurried(), options(1));
    scores.forEach((score, word) => expect(score).toBeCloseTo(TERMS[word]!, 12));
  });

  it('is exact for two words that work together from a single pair, whatever the order', async () => {
    for (let seed = 0; seed < 10; seed++) {
      const { scores } = await shap(3, negation, unhurried(), options(1, seed));
      [-1, 0, 0.5].forEach((expected, word) => expect(scores[word]).toBeCloseTo(expected, 12));
    }
  });

  it('sums to the change whatever the model, and nears Shapley values with more samples', async () => {
    const few = await shap(3, allThree, unhurried(), options(1));
    expect(sumOf(few.scores)).toBeCloseTo(few.logitChange, 12);
    const many = await shap(3, allThree, unhurried(), options(4000));
    for (const score of many.scores) expect(Math.abs(score - 1)).toBeLessThan(0.1); // 1,000 pairs: standard error 0.04
  });

  it('repeats with its seed and runs as often as it says', async () => {
    let runs = 0;
    const counted: ValueOf = (kept) => ((runs += 1), allThree(kept));
    const first = await shap(3, counted, unhurried(), options(40, 7));
    expect(first.steps).toBe(runs);
    expect(first.steps).toBe(2 + 40);
    expect((await shap(3, counted, unhurried(), options(40, 7))).scores).toEqual(first.scores);
  });

  it('has nothing to give of a review without words', async () => {
    const { scores, logitChange } = await shap(0, () => Promise.resolve(0.5), unhurried(), options(8));
    expect([scores.length, logitChange]).toEqual([0, 0]);
  });
});

describe('lime', () => {
  it('gives the terms of an additive model, but for what the penalty takes', async () => {
    const { scores, steps, converged } = await lime(5, additive, unhurried(), options(512));
    scores.forEach((score, word) =>
      expect(Math.abs(score - TERMS[word]!)).toBeLessThan(0.05 * (1 + Math.abs(TERMS[word]!))),
    );
    expect([steps, converged]).toEqual([513, true]);
  });

  it('repeats with its seed, and differs with another', async () => {
    const run = (seed: number) => lime(3, allThree, unhurried(), options(64, seed));
    expect((await run(3)).scores).toEqual((await run(3)).scores);
    expect((await run(3)).scores).not.toEqual((await run(4)).scores);
  });
});

describe('fitRidge', () => {
  it('gives what the normal equations give', () => {
    // Two columns, weights 1, 2, 1, 2: worked out by hand from (X̃ᵀWX̃ + I) w = X̃ᵀWỹ.
    const rows = [
      [1, 1],
      [1, 0],
      [0, 1],
      [0, 0],
    ].map((row) => Uint8Array.from(row));
    const weights = [1, 2, 1, 2];
    const targets = [3, 2, 1, 0.5];
    const [a = NaN, b = NaN] = fitRidge({ rows, targets, weights }, 1);
    const total = 6;
    const mean = (values: number[]): number => values.reduce((sum, value, i) => sum + weights[i]! * value, 0) / total;
    const [x, y, t] = [rows.map((row) => row[0]!), rows.map((row) => row[1]!), targets];
    const covariance = (p: number[], q: number[]): number =>
      p.reduce((sum, value, i) => sum + weights[i]! * (value - mean(p)) * (q[i]! - mean(q)), 0);
    const [xx, xy, yy] = [covariance(x, x) + 1, covariance(x, y), covariance(y, y) + 1];
    const [xt, yt] = [covariance(x, t), covariance(y, t)];
    const determinant = xx * yy - xy * xy;
    expect(a).toBeCloseTo((xt * yy - yt * xy) / determinant, 12);
    expect(b).toBeCloseTo((yt * xx - xt * xy) / determinant, 12);
  });
});

describe('the time for an explanation', () => {
  const methods = {
    occlusion: (valueOf: ValueOf, meter: Meter) => occlusion(5, valueOf, meter),
    shap: (valueOf: ValueOf, meter: Meter) => shap(5, valueOf, meter, options(64)),
    lime: (valueOf: ValueOf, meter: Meter) => lime(5, valueOf, meter, options(64)),
  };
  /** Time is up after so many looks at the watch. */
  const overAfter = (looks: number): Meter => ({
    cost: 0,
    count: () => {},
    isOver: () => Promise.resolve(looks-- <= 0),
  });

  it.each(Object.keys(methods) as (keyof typeof methods)[])(
    'ends %s with an error before a first estimate',
    async (name) => {
      await expect(methods[name](additive, overAfter(1))).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' });
    },
  );

  it('ends shap and lime with what they have, not converged', async () => {
    const early = await shap(5, additive, overAfter(6), options(64));
    expect(early).toMatchObject({ converged: false, logitChange: 3.75 });
    expect(sumOf(early.scores)).toBeCloseTo(3.75, 12);
    expect(await lime(5, additive, overAfter(30), options(64))).toMatchObject({ converged: false, steps: 32 });
  });

  it('is looked at between runs, and so is the signal', async () => {
    const stopping = new AbortController();
    const meter = createMeter({ timeoutMs: Infinity, signal: stopping.signal });
    let runs = 0;
    const stoppingAtThird: ValueOf = (kept) => {
      if (++runs === 3) stopping.abort(new Error('the client has gone'));
      return additive(kept);
    };
    await expect(methods.shap(stoppingAtThird, meter)).rejects.toThrow('the client has gone');
    expect(runs).toBe(3);
    expect(await createMeter({ timeoutMs: 1e-9, signal: undefined }).isOver()).toBe(true);
  });
});
