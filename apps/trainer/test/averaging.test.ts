import { join } from 'node:path';

import { averageOf } from '@marquee/distilbert';
import { readManifest } from '@marquee/model-core';
import { decodeSafetensors, toFloat32 } from '@marquee/safetensors';
import { beforeAll, describe, expect, test } from 'vitest';

import { loadCheckpoint } from '../src/checkpoint.js';
import type { TrainOptions } from '../src/train-options.js';
import { temporaryFolder } from './support/temporary-folder.js';
import { writeTinyModel } from './support/tiny-model.js';
import { tinyRows, writeCsv } from './support/tiny-reviews.js';
import { logOf, tinyOptions, train, trainAndStop, weightsOf } from './support/tiny-training.js';

let root: string;
let required: { trainFile: string; modelNameOrPath: string };
beforeAll(async () => {
  root = await temporaryFolder();
  required = { trainFile: join(root, 'train.csv'), modelNameOrPath: await writeTinyModel(join(root, 'base')) };
  await writeCsv(required.trainFile, tinyRows(40)); // 32 to train on: 8 steps of 4 an epoch
});

const optionsIn = (name: string): TrainOptions =>
  tinyOptions(
    { ...required, outputDir: join(root, name) },
    {
      numTrainEpochs: 2,
      learningRate: 1e-2,
      emaDecay: 0.9,
      layerwiseLrDecay: 0.8,
      classWeights: 'balanced',
      labelSmoothingFactor: 0.1,
      metricForBestModel: 'loss',
    },
  );

describe('a training with averaged weights', () => {
  test('evaluates and exports the averages, which are not the weights', async () => {
    const options = optionsIn('whole');
    await train(options);
    const { training, metrics } = await readManifest(options.outputDir);
    const { bestStep, bestMetric } = training as unknown as { bestStep: number; bestMetric: number };
    const { state } = await loadCheckpoint(join(options.outputDir, `checkpoint-${bestStep}`));
    const { tensors } = decodeSafetensors(await weightsOf(options.outputDir));
    const name = 'pre_classifier.weight';
    const exported = tensors.get(name);
    const distance = (other: string): number => {
      const values = state.tensors[other]?.data as Float32Array;
      return Math.max(...(exported ? toFloat32(exported) : []).map((value, i) => Math.abs(value - (values[i] ?? NaN))));
    };
    expect(distance(averageOf(name))).toBeLessThan(5e-5); // rounding to float16
    expect(distance(name)).toBeGreaterThan(5e-4);
    const { fp32 } = metrics?.['validation'] as { fp32: { log_loss: number } };
    expect(fp32.log_loss).toBeCloseTo(bestMetric, 4);
  });

  test('resumed, equals an uninterrupted one bit for bit', async () => {
    const options = optionsIn('broken');
    await trainAndStop(options, 11);
    await train({ ...options, resumeFromCheckpoint: true });
    const whole = join(root, 'whole');
    const states = [options.outputDir, whole].map((dir) => loadCheckpoint(join(dir, 'checkpoint-16')));
    const [ours, theirs] = await Promise.all(states);
    expect(Object.keys(ours?.state.tensors ?? {}).filter((name) => name.startsWith('average.'))).not.toEqual([]);
    for (const [name, { data }] of Object.entries(theirs?.state.tensors ?? {}))
      expect(ours?.state.tensors[name]?.data, name).toEqual(data);
    expect(await weightsOf(options.outputDir)).toEqual(await weightsOf(whole));
    expect(await logOf(options.outputDir)).toEqual(await logOf(whole));
  });
});
