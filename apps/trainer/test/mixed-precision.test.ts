import { join } from 'node:path';

import { DEFAULT_LOSS_SCALING, type LossScaling } from '@marquee/autograd';
import { LOSS_SCALE, parseConfig, SKIPPED_STEPS, withNewHead } from '@marquee/distilbert';
import { missingCudaLibraries, readManifest } from '@marquee/model-core';
import { beforeAll, describe, expect, test } from 'vitest';

import { loadCheckpoint } from '../src/checkpoint.js';
import { resolveExecution } from '../src/execution.js';
import { createOptimizer, type StepResult } from '../src/optimizer-loop.js';
import type { TrainOptions } from '../src/train-options.js';
import { batchTensors, type EncodedReviews } from '../src/training-data.js';
import { initialState } from '../src/training-state.js';
import { temporaryFolder } from './support/temporary-folder.js';
import { TINY_CONFIG, tinyWeights, tokenId, writeTinyModel } from './support/tiny-model.js';
import { type Row, tinyRows, writeCsv } from './support/tiny-reviews.js';
import { logOf, observe, tinyOptions, train, trainAndStop, weightsOf } from './support/tiny-training.js';

const config = parseConfig({ ...TINY_CONFIG, dropout: 0, attention_dropout: 0, seq_classif_dropout: 0 });
const ROWS = Array.from({ length: 8 }, (_, row) => row);
const reviews: EncodedReviews = {
  inputIds: ROWS.map((row) => Int32Array.of(2, 12 + row, 12 + ((row * 7) % 20), 3)),
  labels: Uint8Array.from(ROWS, (row) => (row * 5) % 2),
  lengths: Uint32Array.from(ROWS, () => 4),
  truncated: new Uint8Array(8),
};

/** As random as a head has to be. */
function deviates(): () => number {
  let draws = 0;
  return () => 1.5 * Math.sin((draws += 1) ** 2);
}

interface Descent {
  readonly results: StepResult[];
  /** `pre_classifier.weight` after each step. */
  readonly weights: Float32Array[];
  readonly scales: number[];
  readonly skipped: number;
}

async function descend(steps: number, lossScaling: LossScaling | undefined, accumulationSteps = 1): Promise<Descent> {
  const start = withNewHead(tinyWeights(), config, deviates());
  const optimizer = await createOptimizer(config, initialState(start, { lossScaling }), {
    loss: { labelSmoothing: 0, padded: true, halfPrecision: lossScaling && 'emulated' },
    optimizer: {
      ...{ learningRate: 1e-3, schedule: { kind: 'linear', warmupSteps: 0, totalSteps: 10 }, lossScaling },
      ...{ weightDecay: 0.01, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, maxGradNorm: 1 },
    },
    accumulationSteps,
    session: { intraOpThreads: 1 },
  });
  const { inputs, labels } = batchTensors(reviews, ROWS, 0);
  const results: StepResult[] = [];
  const weights: Float32Array[] = [];
  const scales: number[] = [];
  for (let step = 0; step < steps; step += 1) {
    results.push(await optimizer.step(Array.from({ length: accumulationSteps }, () => () => ({ ...inputs, labels }))));
    weights.push(Float32Array.from(optimizer.state.tensors['pre_classifier.weight']?.data as Float32Array));
    scales.push(Number(optimizer.state.tensors[LOSS_SCALE]?.data[0]));
  }
  const skipped = Number(optimizer.state.tensors[SKIPPED_STEPS]?.data[0] ?? 0);
  await optimizer.close();
  return { results, weights, scales, skipped };
}

const largestDifference = (a: Float32Array | undefined, b: Float32Array | undefined): number =>
  Math.max(...Array.from(a ?? [], (value, i) => Math.abs(value - (b?.[i] ?? NaN))));

describe('a step in float16', () => {
  test('is near the one in float32, on master weights that keep what float16 would round away', async () => {
    const full = await descend(5, undefined);
    const half = await descend(5, DEFAULT_LOSS_SCALING);
    half.results.forEach(({ loss, gradientNorm, learningRate }, step) => {
      const expected = full.results[step];
      expect(Math.abs(loss - (expected?.loss ?? NaN))).toBeLessThan(1e-3);
      expect(Math.abs(gradientNorm / (expected?.gradientNorm ?? NaN) - 1)).toBeLessThan(1e-2);
      expect(learningRate).toBe(expected?.learningRate);
    });
    expect(half.results[0]?.loss).not.toBe(full.results[0]?.loss);
    expect(half.skipped).toBe(0);
    expect(largestDifference(half.weights[4], full.weights[4])).toBeLessThan(1e-3); // of five steps of up to 1e-3
  });

  test('whose gradients overflow is skipped and counted, and halves the scale', async () => {
    const { results, weights, scales, skipped } = await descend(12, { ...DEFAULT_LOSS_SCALING, initialScale: 2 ** 24 });
    expect(skipped).toBeGreaterThan(2);
    expect(skipped).toBeLessThan(10);
    const start = withNewHead(tinyWeights(), config, deviates()).get('pre_classifier.weight')?.data;
    for (let step = 0; step < 12; step += 1) {
      const isSkipped = step < skipped;
      expect(Number.isFinite(results[step]?.gradientNorm)).toBe(!isSkipped);
      expect(results[step]?.lossScale).toBe(2 ** (24 - Math.min(step, skipped)));
      expect(scales[step]).toBe(2 ** (24 - Math.min(step + 1, skipped)));
      if (isSkipped) expect(weights[step]).toEqual(start);
      else expect(largestDifference(weights[step], start)).toBeGreaterThan(1e-4);
      // The schedule waits for the first update.
      expect(results[step]?.learningRate).toBeCloseTo(1e-3 * (1 - Math.max(0, step - skipped) / 10), 12);
    }
    const plain = await descend(12 - skipped, { ...DEFAULT_LOSS_SCALING, initialScale: scales.at(-1) ?? NaN });
    expect(weights.at(-1)).toEqual(plain.weights.at(-1)); // nothing of the skipped steps is left
  });

  test('accumulates gradients as in float32', async () => {
    const whole = await descend(4, DEFAULT_LOSS_SCALING);
    const halves = await descend(4, DEFAULT_LOSS_SCALING, 2);
    expect(largestDifference(halves.weights[3], whole.weights[3])).toBeLessThan(2e-4);
    const overflowing = await descend(6, { ...DEFAULT_LOSS_SCALING, initialScale: 2 ** 24 }, 2);
    expect(overflowing.skipped).toBeGreaterThan(2);
  });

  test('grows the scale after as many good steps as asked for', async () => {
    const { scales } = await descend(5, { ...DEFAULT_LOSS_SCALING, initialScale: 1024, growthInterval: 2 });
    expect(scales).toEqual([1024, 2048, 2048, 4096, 4096]);
  });
});

describe('a training in float16', () => {
  let root: string;
  let required: { trainFile: string; modelNameOrPath: string };
  beforeAll(async () => {
    root = await temporaryFolder();
    const weights = tinyWeights();
    weights.get('distilbert.transformer.layer.1.output_layer_norm.weight')?.data.fill(400); // too steep for the first scale
    required = {
      trainFile: join(root, 'train.csv'),
      modelNameOrPath: await writeTinyModel(join(root, 'base'), { weights }),
    };
    await writeCsv(required.trainFile, tinyRows(40)); // 32 to train on: 8 steps of 4 an epoch
  });
  const optionsIn = (name: string, changes: Partial<TrainOptions> = {}): TrainOptions =>
    tinyOptions({ ...required, outputDir: join(root, name) }, { precision: 'fp16', numTrainEpochs: 2, ...changes });

  test('counts the steps that it skipped, in its log and manifest', async () => {
    const options = optionsIn('whole');
    const { lines, progress } = observe();
    await train(options, { lines, progress });
    expect(lines).toContain('linear maps in fp16 on the CPU, which only imitates it');
    const log = (await logOf(options.outputDir)).filter((entry) => 'loss' in entry);
    const skipped = log.filter(({ gradientNorm }) => gradientNorm === null);
    expect(skipped.length).toBeGreaterThan(0);
    expect(skipped.length).toBeLessThan(log.length);
    const { training } = await readManifest(options.outputDir);
    expect(training).toMatchObject({
      steps: 16,
      skippedSteps: skipped.length,
      device: 'cpu',
      options: { precision: 'fp16' },
    });
    expect(log.at(-1)?.['lossScale']).toBe(65_536 / 2 ** skipped.length);
  });

  test('resumed, keeps its loss scale and equals an uninterrupted one bit for bit', async () => {
    const options = optionsIn('broken');
    await trainAndStop(options, 5);
    await train({ ...options, resumeFromCheckpoint: true });
    const whole = join(root, 'whole');
    const [ours, theirs] = await Promise.all(
      [options.outputDir, whole].map((dir) => loadCheckpoint(join(dir, 'checkpoint-16'))),
    );
    expect(Number(ours?.state.tensors[LOSS_SCALE]?.data[0])).toBeLessThan(65_536);
    for (const [name, { data }] of Object.entries(theirs?.state.tensors ?? {}))
      expect(ours?.state.tensors[name]?.data, name).toEqual(data);
    expect(await weightsOf(options.outputDir)).toEqual(await weightsOf(whole));
    expect(await logOf(options.outputDir)).toEqual(await logOf(whole));
  });

  test('refuses to go on in another precision', async () => {
    const options = optionsIn('other precision');
    await trainAndStop(options, 3);
    await expect(train({ ...options, precision: 'fp32', resumeFromCheckpoint: true })).rejects.toThrow(
      '; --precision was fp16, is fp32',
    );
  });

  test('ends when no scale keeps its gradients finite', async () => {
    const rows = tinyRows(40).map(([text, label]): Row => [`cursed ${text.replaceAll('\n', ' ')}`, label]);
    await writeCsv(join(root, 'cursed.csv'), rows);
    const weights = tinyWeights();
    weights
      .get('distilbert.embeddings.word_embeddings.weight')
      ?.data.fill(Infinity, 16 * tokenId('cursed'), 16 * tokenId('cursed') + 1);
    const modelNameOrPath = await writeTinyModel(join(root, 'cursed'), { weights });
    const options = optionsIn('cursed run', {
      trainFile: join(root, 'cursed.csv'),
      modelNameOrPath,
      numTrainEpochs: 3,
      validationSplitPercentage: 0,
    });
    // 65,536 is 1 after 16 overflows; the one after the next is the last.
    await expect(train(options)).rejects.toThrow(/^step 18: expected a finite loss, got NaN/);
  });
});

describe('where a training runs', () => {
  const left = {
    device: 'auto',
    precision: 'auto',
    fp16: false,
    stepsPerRun: undefined,
    gradientAccumulationSteps: 1,
  } as const;

  test('is the CPU in float32, where nothing else is asked for and CUDA is not there', async () => {
    expect(await resolveExecution({ ...left, device: 'cpu' })).toEqual({
      device: 'cpu',
      precision: 'fp32',
      stepsPerRun: 1,
    });
    expect(await resolveExecution({ ...left, device: 'cpu', fp16: true })).toMatchObject({ precision: 'fp16' });
    expect(await resolveExecution({ ...left, device: 'cpu', precision: 'fp16', stepsPerRun: 4 })).toMatchObject({
      precision: 'fp16',
      stepsPerRun: 4,
    });
  });

  test.skipIf(missingCudaLibraries() === undefined)(
    'is not CUDA without its libraries, with the reason when it was asked for',
    async () => {
      expect(await resolveExecution(left)).toEqual({ device: 'cpu', precision: 'fp32', stepsPerRun: 1 });
      await expect(resolveExecution({ ...left, device: 'cuda' })).rejects.toThrow(
        `--device: cuda cannot be used: ${missingCudaLibraries()}`,
      );
    },
  );

  test('refuses what excludes each other', async () => {
    await expect(resolveExecution({ ...left, fp16: true, precision: 'fp32' })).rejects.toThrow(
      '--fp16: expected no --precision beside it, or fp16, got fp32',
    );
    await expect(
      resolveExecution({ ...left, device: 'cpu', stepsPerRun: 2, gradientAccumulationSteps: 4 }),
    ).rejects.toThrow('--steps-per-run: expected 1 with --gradient-accumulation-steps, got 2');
  });
});
