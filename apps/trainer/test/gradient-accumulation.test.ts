import { parseConfig, withNewHead } from '@marquee/distilbert';
import { describe, expect, test } from 'vitest';

import { createOptimizer, type StepResult } from '../src/optimizer-loop.js';
import { batchTensors, type EncodedReviews } from '../src/training-data.js';
import { initialState } from '../src/training-state.js';
import { TINY_CONFIG, tinyWeights } from './support/tiny-model.js';

const config = parseConfig({ ...TINY_CONFIG, dropout: 0, attention_dropout: 0, seq_classif_dropout: 0 });
const weights = withNewHead(tinyWeights(), config, () => 0.5);
const ROWS = Array.from({ length: 16 }, (_, row) => row);
const reviews: EncodedReviews = {
  inputIds: ROWS.map((row) => Int32Array.of(2, 12 + row, 12 + ((row * 7) % 20), 3)),
  labels: Uint8Array.from(ROWS, (row) => (row * 5) % 2),
  lengths: Uint32Array.from(ROWS, () => 4),
  truncated: new Uint8Array(16),
};

/** Five updates on the same 16 reviews, cut into micro-batches. */
async function descend(accumulationSteps: number, microBatches: readonly (readonly number[])[]) {
  const optimizer = await createOptimizer(config, initialState(weights), {
    loss: { labelSmoothing: 0, padded: true },
    optimizer: {
      learningRate: 1e-3,
      schedule: { kind: 'constant', warmupSteps: 0, totalSteps: 5 },
      ...{ weightDecay: 0.01, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, maxGradNorm: 1 },
    },
    accumulationSteps,
    session: { intraOpThreads: 1 },
  });
  const results: StepResult[] = [];
  for (let step = 0; step < 5; step += 1) {
    const feeds = microBatches.map((rows) => () => {
      const { inputs, labels } = batchTensors(reviews, rows, 0);
      return { ...inputs, labels };
    });
    results.push(await optimizer.step(feeds));
  }
  const parameter = optimizer.state.tensors['pre_classifier.weight']?.data as Float32Array;
  await optimizer.close();
  return { results, parameter };
}

const expectClose = (
  actual: Awaited<ReturnType<typeof descend>>,
  expected: Awaited<ReturnType<typeof descend>>,
): void => {
  actual.results.forEach(({ loss, gradientNorm }, step) => {
    expect(loss).toBeCloseTo(expected.results[step]?.loss ?? NaN, 5);
    expect(gradientNorm).toBeCloseTo(expected.results[step]?.gradientNorm ?? NaN, 4);
  });
  // Adam divides by the root of the second moment: rounding in gradients near 0 shows in the weights, by far less than a step of 1e-3.
  actual.parameter.forEach((value, i) => expect(Math.abs(value - (expected.parameter[i] ?? NaN))).toBeLessThan(2e-4));
};

describe('gradient accumulation', () => {
  test('of 2 × 8 reviews is a batch of 16', async () => {
    const whole = await descend(1, [ROWS]);
    expectClose(await descend(2, [ROWS.slice(0, 8), ROWS.slice(8)]), whole);
    expect(whole.results[4]?.loss).toBeLessThan(whole.results[0]?.loss ?? NaN);
  });

  test('of fewer micro-batches than asked for, as an epoch may end, is their mean all the same', async () => {
    const whole = await descend(1, [ROWS]);
    expectClose(await descend(3, [ROWS.slice(0, 8), ROWS.slice(8)]), whole);
  });
});
