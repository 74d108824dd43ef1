import { join } from 'node:path';

import { DEFAULT_LOSS_SCALING, type LossScaling } from '@marquee/autograd';
import { dropoutSpecs, parseConfig, withNewHead } from '@marquee/distilbert';
import { Tensor } from '@marquee/model-core';
import { describe, expect, test } from 'vitest';

import { createDropoutMasks } from '../src/dropout-masks.js';
import { createOptimizer, type StepResult } from '../src/optimizer-loop.js';
import { createFeedStack } from '../src/stack-feeds.js';
import { batchTensors, type EncodedReviews } from '../src/training-data.js';
import { initialState, type TrainingState } from '../src/training-state.js';
import { temporaryFolder } from './support/temporary-folder.js';
import { TINY_CONFIG, tinyWeights, writeTinyModel } from './support/tiny-model.js';
import { tinyRows, writeCsv } from './support/tiny-reviews.js';
import { logOf, tinyOptions, train, weightsOf } from './support/tiny-training.js';

const ROWS = Array.from({ length: 12 }, (_, row) => row);
const reviewsOf = (lengthOf: (row: number) => number): EncodedReviews => ({
  inputIds: ROWS.map((row) => Int32Array.from({ length: lengthOf(row) }, (_, i) => 5 + ((row * 7 + i * 3) % 30))),
  labels: Uint8Array.from(ROWS, (row) => (row * 5) % 2),
  lengths: Uint32Array.from(ROWS, lengthOf),
  truncated: new Uint8Array(12),
});

/** As random as a head has to be. */
function deviates(): () => number {
  let draws = 0;
  return () => 1.5 * Math.sin((draws += 1) ** 2);
}

interface Course {
  readonly results: readonly StepResult[];
  readonly state: TrainingState;
}

interface Recipe {
  readonly reviews: EncodedReviews;
  readonly dropout: number;
  readonly lossScaling?: LossScaling;
}

/** Three updates from four reviews each, one by one or in one run. */
async function threeSteps({ reviews, dropout, lossScaling }: Recipe, stepsPerRun: 1 | 3): Promise<Course> {
  const config = parseConfig({ ...TINY_CONFIG, dropout, attention_dropout: dropout, seq_classif_dropout: dropout });
  const start = withNewHead(tinyWeights(), config, deviates());
  const optimizer = await createOptimizer(config, initialState(start, { averaged: true, lossScaling }), {
    loss: { labelSmoothing: 0.1, padded: true, halfPrecision: lossScaling && 'emulated' },
    optimizer: {
      ...{ learningRate: 1e-3, schedule: { kind: 'linear', warmupSteps: 2, totalSteps: 9 }, emaDecay: 0.9 },
      ...{ weightDecay: 0.01, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, maxGradNorm: 1, lossScaling },
    },
    accumulationSteps: 1,
    stepsPerRun,
    session: { intraOpThreads: 1 },
  });
  const masks = createDropoutMasks(dropoutSpecs(config));
  const batches = [0, 1, 2].map((microStep) => () => {
    const { size, inputs, labels } = batchTensors(reviews, ROWS.slice(4 * microStep, 4 * microStep + 4), 0);
    return { ...inputs, labels, ...masks.next(size, { seed: 1, microStep }) };
  });
  const results: StepResult[] = [];
  if (stepsPerRun === 1) for (const batch of batches) results.push(await optimizer.step([batch]));
  else results.push(...(await optimizer.roll(batches, { batch: 4, seq: Math.max(...reviews.lengths) })));
  const { state } = optimizer;
  await optimizer.close();
  return { results, state };
}

const valuesOf = ({ tensors }: TrainingState) => Object.entries(tensors).map(([name, { data }]) => [name, data]);

describe('three steps in one run', () => {
  const even = reviewsOf(() => 6);

  test('equal three runs of one step bit for bit, with dropout and averages', async () => {
    const [single, rolled] = [
      await threeSteps({ reviews: even, dropout: 0.1 }, 1),
      await threeSteps({ reviews: even, dropout: 0.1 }, 3),
    ];
    expect(rolled.results).toEqual(single.results);
    expect(rolled.state.step).toBe(3);
    expect(valuesOf(rolled.state)).toEqual(valuesOf(single.state));
  });

  test('skip what overflows in float16, and go on from the state before', async () => {
    const recipe = { reviews: even, dropout: 0.1, lossScaling: { ...DEFAULT_LOSS_SCALING, initialScale: 2 ** 20 } };
    const [single, rolled] = [await threeSteps(recipe, 1), await threeSteps(recipe, 3)];
    expect(rolled.results).toEqual(single.results);
    expect(valuesOf(rolled.state)).toEqual(valuesOf(single.state));
    const finite = rolled.results.map(({ gradientNorm }) => Number.isFinite(gradientNorm));
    expect(finite).toContain(false);
    expect(finite).toContain(true);
  });

  test('of batches of unequal length differ by rounding alone: dropout is the same beside the padding', async () => {
    const recipe = { reviews: reviewsOf((row) => 3 + (row % 7)), dropout: 0.1 };
    const [single, rolled] = [await threeSteps(recipe, 1), await threeSteps(recipe, 3)];
    rolled.results.forEach(({ loss, gradientNorm }, step) => {
      expect(Math.abs(loss - (single.results[step]?.loss ?? NaN))).toBeLessThan(1e-5);
      expect(Math.abs(gradientNorm - (single.results[step]?.gradientNorm ?? NaN))).toBeLessThan(1e-5);
    });
  });

  test('with a loss that is not finite leave the state as it was', async () => {
    const reviews = { ...even, inputIds: even.inputIds.map((ids) => ids.map(() => 5)) };
    const config = parseConfig({ ...TINY_CONFIG, dropout: 0, attention_dropout: 0, seq_classif_dropout: 0 });
    const start = withNewHead(tinyWeights(), config, deviates());
    start.get('distilbert.embeddings.word_embeddings.weight')?.data.fill(Infinity, 5 * 16, 5 * 16 + 1);
    const optimizer = await createOptimizer(config, initialState(start), {
      loss: { labelSmoothing: 0, padded: true },
      optimizer: {
        ...{ learningRate: 1e-3, schedule: { kind: 'constant', warmupSteps: 0, totalSteps: 9 } },
        ...{ weightDecay: 0, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, maxGradNorm: 1 },
      },
      accumulationSteps: 1,
      stepsPerRun: 2,
    });
    const { inputs, labels } = batchTensors(reviews, [0, 1], 0);
    const batch = () => ({ ...inputs, labels });
    const results = await optimizer.roll([batch, batch], { batch: 2, seq: 6 });
    expect(results.map(({ loss }) => Number.isFinite(loss))).toEqual([false, false]);
    expect(optimizer.state.step).toBe(0);
    expect(optimizer.state.tensors['classifier.weight']?.data).toEqual(start.get('classifier.weight')?.data);
    await optimizer.close();
  });
});

describe('a training of several steps a run', () => {
  test('is the training of one step a run, checkpoints and a short last batch included', async () => {
    const root = await temporaryFolder();
    const trainFile = join(root, 'train.csv');
    await writeCsv(trainFile, tinyRows(47)); // 38 to train on: 9 batches of 4 and one of 2
    const required = { trainFile, modelNameOrPath: await writeTinyModel(join(root, 'base')) };
    const changes = { maxSeqLength: 8, numTrainEpochs: 2, saveSteps: 7 }; // every review has 8 tokens or more
    const [single, rolled] = [1, 3].map((stepsPerRun) =>
      tinyOptions({ ...required, outputDir: join(root, `by ${stepsPerRun}`) }, { ...changes, stepsPerRun }),
    );
    if (!single || !rolled) throw new Error('two trainings were to be made');
    await train(single);
    await train(rolled);
    expect(await logOf(rolled.outputDir)).toEqual(await logOf(single.outputDir));
    expect(await weightsOf(rolled.outputDir)).toEqual(await weightsOf(single.outputDir));
  });
});

describe('a stack of feeds', () => {
  test('holds each tensor at its place, zeros beside it', () => {
    const stack = createFeedStack('int64', 2, [2, 3]);
    stack.put(0, new Tensor('int64', BigInt64Array.of(1n, 2n, 3n, 4n), [2, 2]));
    stack.put(1, new Tensor('int64', BigInt64Array.of(5n, 6n, 7n), [1, 3]));
    expect(stack.tensor.dims).toEqual([2, 2, 3]);
    expect(Array.from(stack.tensor.data as BigInt64Array, Number)).toEqual([1, 2, 0, 3, 4, 0, 5, 6, 7, 0, 0, 0]);
  });

  test('pads inner axes', () => {
    const stack = createFeedStack('float32', 1, [1, 2, 2, 3]);
    const ones = (length: number) => Float32Array.from({ length }, (_, i) => i + 1);
    stack.put(0, new Tensor('float32', ones(4), [1, 2, 1, 2]));
    expect([...(stack.tensor.data as Float32Array)]).toEqual([1, 2, 0, 0, 0, 0, 3, 4, 0, 0, 0, 0]);
  });
});
