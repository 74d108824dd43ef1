import { createRandom, paddingRatio } from '@marquee/dataset';
import { describe, expect, test } from 'vitest';

import { planTraining } from '../src/batch-source.js';
import type { EncodedReviews } from '../src/training-data.js';

const withLengths = (lengths: Uint32Array): EncodedReviews => ({
  inputIds: [],
  labels: new Uint8Array(lengths.length),
  truncated: new Uint8Array(lengths.length),
  lengths,
});

/** Lengths like those of film reviews: log-normal, median 230 and mean 311 tokens, cut at a limit. */
function reviewLengths(count: number, limit: number): Uint32Array {
  const random = createRandom(11);
  const normal = (): number => Math.sqrt(-2 * Math.log(1 - random.float())) * Math.cos(2 * Math.PI * random.float());
  return Uint32Array.from({ length: count }, () =>
    Math.min(limit, Math.round(Math.exp(Math.log(230) + 0.78 * normal()))),
  );
}

describe('the plan of a training', () => {
  test.each([
    [256, 32],
    [512, 16],
    [512, 32],
  ])('pads by at most 3 %% at %d tokens and %d reviews a batch', (limit, batchSize) => {
    const lengths = reviewLengths(25_000, limit);
    const plan = planTraining(withLengths(lengths), { batchSize, accumulationSteps: 1, numEpochs: 1, seed: 42 });
    const batches = Array.from({ length: plan.totalSteps }, (_, step) => ({
      rows: plan.at(step).microBatches[0] as Uint32Array,
    }));
    expect(paddingRatio(lengths, batches)).toBeLessThan(0.03);
  });

  test('ends with the first step that reaches --max-train-tokens, in whatever epoch', () => {
    const reviews = withLengths(new Uint32Array(10).fill(5)); // 50 tokens an epoch in steps of 20, 20 and 10
    const options = { batchSize: 4, accumulationSteps: 1, numEpochs: 3, seed: 1 };
    const stepsFor = (maxTokens: number): number => {
      const plan = planTraining(reviews, { ...options, maxTokens });
      const tokens = (steps: number): number =>
        Array.from({ length: steps }, (_, step) => 5 * (plan.at(step).microBatches[0]?.length ?? 0)).reduce(
          (a, b) => a + b,
          0,
        );
      expect(tokens(plan.totalSteps)).toBeGreaterThanOrEqual(maxTokens);
      expect(tokens(plan.totalSteps - 1)).toBeLessThan(maxTokens);
      return plan.totalSteps;
    };
    expect([1, 50, 100, 5000].map(stepsFor)).toEqual([1, 3, 6, 300]);
    for (const maxTokens of [10, 11, 30, 31, 51, 73, 99]) stepsFor(maxTokens);
  });

  test('goes through every review once an epoch, in an order of its own', () => {
    const reviews = withLengths(reviewLengths(103, 64));
    const plan = planTraining(reviews, { batchSize: 4, accumulationSteps: 3, numEpochs: 2, seed: 1 });
    expect([plan.stepsPerEpoch, plan.totalSteps]).toEqual([9, 18]); // 26 batches by threes
    const rowsOf = (epoch: number): number[] =>
      Array.from({ length: 9 }, (_, i) => plan.at(9 * epoch + i).microBatches.flatMap((rows) => [...rows])).flat();
    const everyRow = Array.from({ length: 103 }, (_, row) => row);
    expect(rowsOf(0).toSorted((a, b) => a - b)).toEqual(everyRow);
    expect(rowsOf(1).toSorted((a, b) => a - b)).toEqual(everyRow);
    expect(rowsOf(1)).not.toEqual(rowsOf(0));
    expect(plan.at(8)).toMatchObject({ epoch: 0, isLastOfEpoch: true });
    expect(plan.at(8).microBatches).toHaveLength(2);
  });

  test('gives any step without those before it', () => {
    const reviews = withLengths(reviewLengths(103, 64));
    const options = { batchSize: 4, accumulationSteps: 1, numEpochs: 3, seed: 1 };
    const straight = planTraining(reviews, options);
    const steps = Array.from({ length: straight.totalSteps }, (_, step) => straight.at(step));
    const jumping = planTraining(reviews, options);
    for (const step of [70, 3, 26, 25, 0]) expect(jumping.at(step)).toEqual(steps[step]);
  });
});
