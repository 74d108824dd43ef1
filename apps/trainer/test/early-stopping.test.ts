import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';

import { readManifest } from '@marquee/model-core';
import { decodeSafetensors, toFloat32 } from '@marquee/safetensors';
import { beforeAll, describe, expect, test } from 'vitest';

import { loadCheckpoint } from '../src/checkpoint.js';
import type { TrainOptions } from '../src/train-options.js';
import { temporaryFolder } from './support/temporary-folder.js';
import { writeTinyModel } from './support/tiny-model.js';
import { tinyRows, writeCsv } from './support/tiny-reviews.js';
import { logOf, observe, tinyOptions, train, trainAndStop, weightsOf } from './support/tiny-training.js';

let root: string;
let required: { trainFile: string; modelNameOrPath: string };
let contrary: { validationFile: string };
beforeAll(async () => {
  root = await temporaryFolder();
  required = { trainFile: join(root, 'train.csv'), modelNameOrPath: await writeTinyModel(join(root, 'base')) };
  contrary = { validationFile: join(root, 'contrary.csv') };
  await writeCsv(required.trainFile, tinyRows(32)); // 8 steps of 4 an epoch, when none are held out
  const flipped = tinyRows(12, 2).map(
    ([text, label]) => [text, label === 'positive' ? 'negative' : 'positive'] as const,
  );
  await writeCsv(contrary.validationFile, flipped);
});

const optionsIn = (name: string, changes: Partial<TrainOptions> = {}): TrainOptions =>
  tinyOptions({ ...required, outputDir: join(root, name) }, changes);

/** The more it learns, the worse it is on reviews whose labels are turned round: its best model is the first one evaluated. */
const worsening = (): Partial<TrainOptions> => ({
  ...contrary,
  metricForBestModel: 'loss',
  numTrainEpochs: 6,
  learningRate: 1e-2,
});

interface Course {
  readonly steps: number;
  readonly bestStep: number;
  readonly bestMetric: number;
  readonly stoppedEarly: boolean;
  readonly evaluations: readonly Record<string, number>[];
}
const courseOf = async (outputDir: string): Promise<Course> =>
  (await readManifest(outputDir)).training as unknown as Course;
const checkpointsIn = async (outputDir: string): Promise<string[]> =>
  (await readdir(outputDir)).filter((name) => name.startsWith('checkpoint')).sort();

/** float16 weights of an artifact beside the float32 of a checkpoint, as the largest difference. */
async function distanceFrom(outputDir: string, checkpoint: string): Promise<number> {
  const { tensors } = decodeSafetensors(await weightsOf(outputDir));
  const { state } = await loadCheckpoint(join(outputDir, checkpoint));
  const name = 'pre_classifier.weight';
  const stored = tensors.get(name);
  const expected = state.tensors[name]?.data as Float32Array;
  return Math.max(...(stored ? toFloat32(stored) : []).map((value, i) => Math.abs(value - (expected[i] ?? NaN))));
}

describe('a training whose metric no longer improves', () => {
  test('stops early and takes its best model', async () => {
    const options = optionsIn('worsening', worsening());
    const { lines, progress } = observe();
    await train(options, { lines, progress });
    const course = await courseOf(options.outputDir);
    expect(course).toMatchObject({ steps: 24, bestStep: 8, stoppedEarly: true });
    const losses = course.evaluations.map(({ eval_loss: loss }) => loss ?? NaN);
    expect(losses).toHaveLength(3);
    expect(course.bestMetric).toBe(Math.min(...losses));
    expect(lines).toContain('stopped early, after step 24 of 48: loss no longer improved');
    expect(lines).toContain(`taking the model of step 8; best loss ${course.bestMetric.toFixed(4)}, at step 8`);

    expect(await distanceFrom(options.outputDir, 'checkpoint-8')).toBeLessThan(1e-3); // rounding to float16
    expect(await distanceFrom(options.outputDir, 'checkpoint-24')).toBeGreaterThan(1e-2);
    const { metrics } = await readManifest(options.outputDir);
    const { fp32 } = metrics?.['validation'] as { fp32: { log_loss: number } };
    expect(fp32.log_loss).toBeCloseTo(course.bestMetric, 3);
  });

  test('keeps the checkpoint of its best model beside the newest', async () => {
    expect(await checkpointsIn(join(root, 'worsening'))).toEqual(['checkpoint-24', 'checkpoint-8']);
    const options = optionsIn('limit of one', { ...worsening(), saveTotalLimit: 1 });
    await train(options);
    expect(await checkpointsIn(options.outputDir)).toEqual(['checkpoint-24', 'checkpoint-8']);
  });

  test('goes on to the end without patience, and to its last model when that is asked for', async () => {
    const changes = { earlyStoppingPatience: 0, loadBestModelAtEnd: false, numTrainEpochs: 4 };
    const options = optionsIn('without patience', { ...worsening(), ...changes });
    await train(options);
    expect(await courseOf(options.outputDir)).toMatchObject({ steps: 32, bestStep: 8, stoppedEarly: false });
    expect(await distanceFrom(options.outputDir, 'checkpoint-32')).toBeLessThan(1e-3);
    expect(await checkpointsIn(options.outputDir)).toEqual(['checkpoint-30', 'checkpoint-32']);
  });
});

describe('evaluation by steps', () => {
  test('comes every so many steps and at the end, with what the training curves need', async () => {
    const options = optionsIn('by steps', { ...contrary, evalStrategy: 'steps', evalSteps: 3 });
    await train(options);
    const log = await logOf(options.outputDir);
    const evaluations = log.filter((entry) => 'eval_loss' in entry);
    expect(evaluations.map(({ step, epoch }) => [step, epoch])).toEqual([
      [3, 0],
      [6, 0],
      [8, 0],
    ]);
    for (const name of ['loss', 'accuracy', 'precision', 'recall', 'f1', 'roc_auc'])
      expect(evaluations[0]?.[`eval_${name}`]).toEqual(expect.any(Number));
    const steps = log.filter((entry) => 'loss' in entry);
    expect(steps).toHaveLength(8);
    for (const entry of steps) expect(entry).toMatchObject({ learningRate: expect.any(Number) as number });
  });
});

describe('a resumed training', () => {
  const resumed = async (name: string, stopAfter: number): Promise<void> => {
    const options = optionsIn(name, worsening());
    await trainAndStop(options, stopAfter);
    await train({ ...options, resumeFromCheckpoint: true });
    const whole = join(root, 'worsening');
    expect(await weightsOf(options.outputDir)).toEqual(await weightsOf(whole));
    expect(await logOf(options.outputDir)).toEqual(await logOf(whole));
    const [course, expected] = await Promise.all([options.outputDir, whole].map(courseOf));
    expect(course?.evaluations).toEqual(expected?.evaluations);
    expect(course).toMatchObject({ bestStep: 8, bestMetric: expected?.bestMetric, stoppedEarly: true });
  };

  test('keeps best metric and patience', async () => {
    await resumed('stopped after the best', 12);
    await resumed('stopped while patience runs out', 19);
  });

  test('elsewhere takes the best model along', async () => {
    const options = optionsIn('left', worsening());
    const checkpoint = await trainAndStop(options, 12);
    const outputDir = join(root, 'moved');
    await train({ ...options, outputDir, resumeFromCheckpoint: checkpoint });
    expect(await checkpointsIn(outputDir)).toEqual(['checkpoint-24', 'checkpoint-8']);
    expect(await weightsOf(outputDir)).toEqual(await weightsOf(join(root, 'worsening')));
  });

  test('whose best model is gone is refused before its first step', async () => {
    const { outputDir } = optionsIn('left');
    await rm(join(outputDir, 'checkpoint-8'), { recursive: true });
    await expect(train(optionsIn('left', { ...worsening(), resumeFromCheckpoint: true }))).rejects.toThrow(
      `${join(outputDir, 'checkpoint-8')}: expected a checkpoint folder with trainer_state.json`,
    );
  });

  test('refuses other validation reviews, which decide when it ends', async () => {
    const options = optionsIn('other validation', worsening());
    await trainAndStop(options, 12);
    const changed = { ...options, maxEvalSamples: 8, resumeFromCheckpoint: true } as const;
    await expect(train(changed)).rejects.toThrow('a data file or the starting model is another');
  });
});

describe('effort', () => {
  test('stands in the last line of the log, in the manifest and in the final report', async () => {
    const options = optionsIn('effort', { ...contrary });
    const { lines, progress } = observe();
    await train(options, { lines, progress });
    const log = (await readFile(join(options.outputDir, 'train_log.jsonl'), 'utf8')).trimEnd().split('\n');
    const entries = log.map((line) => JSON.parse(line) as Record<string, number>);
    const last = entries.at(-1) ?? {};
    const tokens = entries.reduce((sum, entry) => sum + ('loss' in entry ? (entry['tokens'] ?? NaN) : 0), 0);
    expect(last).toMatchObject({ step: 8, tokens });
    expect(last['peakMemoryBytes']).toBeGreaterThan(50e6); // Node and ONNX Runtime alone take more
    const { step: _, ...effort } = last;
    expect((await readManifest(options.outputDir)).training).toMatchObject(effort);
    const report = new RegExp(
      `^trained on ${tokens} tokens in .*, ${last['tokensPerSecond']} tokens/s, peak memory 0\\.\\d\\d GB$`,
    );
    expect(lines.find((line) => line.startsWith('trained on'))).toMatch(report);
  });
});
