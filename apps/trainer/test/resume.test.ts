import { mkdir, readdir, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { beforeAll, describe, expect, test } from 'vitest';

import { latestCheckpoint, loadCheckpoint } from '../src/checkpoint.js';
import { runTraining } from '../src/train.js';
import type { TrainOptions } from '../src/train-options.js';
import { type Child, startMain, whenCheckpoint } from './support/child.js';
import { temporaryFolder } from './support/temporary-folder.js';
import { tinyWeights, writeTinyModel } from './support/tiny-model.js';
import { tinyRows, writeCsv } from './support/tiny-reviews.js';
import { logOf, observe, tinyOptions, train, trainAndStop, weightsOf } from './support/tiny-training.js';

let root: string;
let required: { trainFile: string; modelNameOrPath: string };
beforeAll(async () => {
  root = await temporaryFolder();
  required = { trainFile: join(root, 'train.csv'), modelNameOrPath: await writeTinyModel(join(root, 'base')) };
  await writeCsv(required.trainFile, tinyRows(60)); // 48 to train on: 12 steps of 4 an epoch
});

const optionsIn = (name: string, changes: Partial<TrainOptions> = {}): TrainOptions =>
  tinyOptions({ ...required, outputDir: join(root, name) }, changes);

describe('a resumed training equals an uninterrupted one bit for bit', () => {
  const recipes: Record<string, { changes: Partial<TrainOptions>; steps: number; stopAfter: number }> = {
    'with dropout, over two epochs': { changes: { numTrainEpochs: 2 }, steps: 24, stopAfter: 16 },
    'stopped at the end of an epoch': { changes: { numTrainEpochs: 2 }, steps: 24, stopAfter: 12 },
    'with gradient accumulation, an epoch ending in a partial step': {
      changes: { gradientAccumulationSteps: 5, numTrainEpochs: 2 },
      steps: 6,
      stopAfter: 4,
    },
    'without dropout, on two threads': { changes: { dropout: 0, threads: 2 }, steps: 12, stopAfter: 7 },
  };
  test.each(Object.entries(recipes))('%s', async (name, { changes, steps, stopAfter }) => {
    const whole = optionsIn(`whole ${name}`, changes);
    await train(whole);
    const broken = optionsIn(`broken ${name}`, changes);
    const checkpoint = await trainAndStop(broken, stopAfter);
    expect(checkpoint).toBe(join(broken.outputDir, `checkpoint-${stopAfter}`));
    await train({ ...broken, resumeFromCheckpoint: true });

    expect(await weightsOf(broken.outputDir)).toEqual(await weightsOf(whole.outputDir));
    const [last, expected] = await Promise.all(
      [broken, whole].map(({ outputDir }) => loadCheckpoint(join(outputDir, `checkpoint-${steps}`))),
    );
    expect(tensorsOf(last)).toEqual(tensorsOf(expected));
    expect(await logOf(broken.outputDir)).toEqual(await logOf(whole.outputDir));
  });

  const tensorsOf = (checkpoint: Awaited<ReturnType<typeof loadCheckpoint>> | undefined) =>
    Object.entries(checkpoint?.state.tensors ?? {}).map(([name, { dims, data }]) => [name, dims, data]);

  test('the log holds every step once and one evaluation an epoch', async () => {
    const log = await logOf(join(root, 'whole with dropout, over two epochs'));
    const steps = log.filter((entry) => 'loss' in entry).map(({ step }) => step);
    expect(steps).toEqual(Array.from({ length: 24 }, (_, i) => i + 1));
    expect(log.filter((entry) => 'eval_loss' in entry).map(({ step, epoch }) => [step, epoch])).toEqual([
      [12, 0],
      [24, 1],
    ]);
  });

  test('an evaluation that was interrupted is done by the resumed run', async () => {
    const whole = join(root, 'whole with dropout, over two epochs');
    const broken = optionsIn('stopped in an evaluation', { numTrainEpochs: 2 });
    let isEvaluating = false;
    const { progress } = observe(({ step }) => (isEvaluating = step === 12));
    // Asked only between the runs of an evaluation, since the checkpoint of step 12 comes first.
    const result = await runTraining(broken, { progress, stopRequested: () => isEvaluating });
    expect(result).toEqual({ stoppedAt: join(broken.outputDir, 'checkpoint-12') });
    expect((await loadCheckpoint(join(broken.outputDir, 'checkpoint-12'))).run.evaluations).toEqual([]);
    await train({ ...broken, resumeFromCheckpoint: true });
    expect(await logOf(broken.outputDir)).toEqual(await logOf(whole));
    expect(await weightsOf(broken.outputDir)).toEqual(await weightsOf(whole));
  });
});

describe('a process that ends in the middle', () => {
  const LONG = ['--num-train-epochs', '8', '--dropout', '0.2']; // 96 steps
  const argsFor = (outputDir: string): string[] => {
    const flags = {
      train_file: required.trainFile,
      model_name_or_path: required.modelNameOrPath,
      output_dir: outputDir,
    };
    const tiny = {
      max_seq_length: 24,
      per_device_train_batch_size: 4,
      validation_split_percentage: 20,
      save_steps: 3,
      threads: 1,
    };
    const pairs = Object.entries({ ...flags, ...tiny }).flatMap(([name, value]) => [`--${name}`, String(value)]);
    return ['train', ...pairs, ...LONG];
  };
  let whole: Child;
  beforeAll(async () => {
    whole = startMain(argsFor(join(root, 'whole child')));
    expect((await whole.ended).code).toBe(0);
  });

  const expectSameAsWhole = async (outputDir: string): Promise<void> => {
    expect(await weightsOf(outputDir)).toEqual(await weightsOf(join(root, 'whole child')));
    expect(await logOf(outputDir)).toEqual(await logOf(join(root, 'whole child')));
  };

  test('killed with SIGKILL, it loses no more than the steps since its last checkpoint', async () => {
    const outputDir = join(root, 'killed');
    const reached = whenCheckpoint(outputDir, 9);
    const child = startMain(argsFor(outputDir));
    await reached;
    child.process.kill('SIGKILL');
    expect((await child.ended).signal).toBe('SIGKILL');
    expect(await readdir(outputDir)).not.toContain('manifest.json');

    const resumed = await startMain([...argsFor(outputDir), '--resume-from-checkpoint']).ended;
    expect(resumed).toMatchObject({ code: 0 });
    expect(resumed.stderr).toMatch(/going on from .*checkpoint-\d+, after step \d+ of 96/);
    await expectSameAsWhole(outputDir);
  });

  test('Ctrl-C, which npm passes on after the terminal, finishes the step, writes a checkpoint, says how to go on, and exits 130', async () => {
    const outputDir = join(root, 'interrupted');
    const reached = whenCheckpoint(outputDir, 9);
    const child = startMain(argsFor(outputDir));
    await reached;
    child.process.kill('SIGINT');
    setTimeout(() => child.process.kill('SIGINT'), 5);
    const { code, stderr } = await child.ended;
    expect(code).toBe(130);
    const checkpoint = await latestCheckpoint(outputDir);
    expect(stderr).toContain(`stopped; ${checkpoint} holds the state. Go on with: npm run train -- --train-file `);
    const steps = (await logOf(outputDir)).filter((entry) => 'loss' in entry).length;
    expect(checkpoint).toBe(join(outputDir, `checkpoint-${steps}`));

    // The very command that was printed, without `npm run`.
    const printed = /npm run train -- (.*)/.exec(stderr)?.[1]?.split(' ') ?? [];
    expect(await startMain(['train', ...printed]).ended).toMatchObject({ code: 0 });
    await expectSameAsWhole(outputDir);
  });
});

describe('which checkpoint a training goes on from', () => {
  test('an option that decides the numbers must be the same, and is named', async () => {
    const options = optionsIn('changed');
    await trainAndStop(options, 5);
    const changed = { ...options, learningRate: 1e-4, seed: 7, resumeFromCheckpoint: true } as const;
    await expect(train(changed)).rejects.toThrow('; --learning-rate was 0.002, is 0.0001; --seed was 42, is 7');
    await expect(train(changed)).rejects.toMatchObject({ code: 'INVALID_CHECKPOINT' });
  });

  test('other training data and another starting model are refused', async () => {
    const options = optionsIn('changed');
    const trainFile = join(root, 'other.csv');
    await writeCsv(trainFile, tinyRows(60, 2));
    const message = 'the options are the same, a data file or the starting model is another';
    await expect(train({ ...options, trainFile, resumeFromCheckpoint: true })).rejects.toThrow(message);
    const modelNameOrPath = await writeTinyModel(join(root, 'other base'), { weights: shiftedWeights() });
    await expect(train({ ...options, modelNameOrPath, resumeFromCheckpoint: true })).rejects.toThrow(message);
  });

  const shiftedWeights = () => {
    return new Map(
      [...tinyWeights()].map(([name, { shape, data }]) => [name, { shape, data: data.map((x) => x + 1e-3) }]),
    );
  };

  test('options that only say where and how fast may change', async () => {
    const options = optionsIn('moved', { saveSteps: 2 });
    const checkpoint = await trainAndStop(options, 5);
    const outputDir = join(root, 'moved on');
    await train({ ...options, outputDir, threads: 2, saveSteps: 50, resumeFromCheckpoint: checkpoint });
    const whole = optionsIn('not moved');
    await train(whole);
    expect(await weightsOf(outputDir)).toEqual(await weightsOf(whole.outputDir));
  });

  test('half-written checkpoints are not taken, and are removed', async () => {
    const options = optionsIn('half-written');
    await trainAndStop(options, 4);
    await mkdir(join(options.outputDir, 'checkpoint-9.tmp'));
    await writeFile(join(options.outputDir, 'checkpoint-9.tmp', 'trainer_state.json'), '{');
    expect(await latestCheckpoint(options.outputDir)).toBe(join(options.outputDir, 'checkpoint-4'));
    await trainAndStop({ ...options, resumeFromCheckpoint: true }, 6);
    expect((await readdir(options.outputDir)).sort()).toEqual([
      'checkpoint-4',
      'checkpoint-6',
      'data_report.json',
      'run.json',
      'split.json',
      'train_log.jsonl',
    ]);
  });

  test('a checkpoint with a missing or cut file is named', async () => {
    const options = optionsIn('cut');
    const checkpoint = await trainAndStop(options, 4);
    const resumed = { ...options, resumeFromCheckpoint: true } as const;
    const state = join(checkpoint, 'training_state.safetensors');
    await truncate(state, 1000);
    await expect(train(resumed)).rejects.toThrow(
      `${checkpoint}: expected a readable training_state.safetensors: ${state}`,
    );
    await rm(join(checkpoint, 'trainer_state.json'));
    await expect(train(resumed)).rejects.toThrow(`${checkpoint}: expected a checkpoint folder with trainer_state.json`);
    await rm(checkpoint, { recursive: true });
    await rm(join(options.outputDir, 'checkpoint-3'), { recursive: true });
    await expect(train(resumed)).rejects.toThrow(
      `${options.outputDir}: expected a checkpoint to go on from, found none`,
    );
  });

  test('the newest are kept, as many as asked for', async () => {
    const options = optionsIn('kept', { saveSteps: 1, saveTotalLimit: 3 });
    await train(options);
    const names = (await readdir(options.outputDir)).filter((name) => name.startsWith('checkpoint'));
    expect(names.sort()).toEqual(['checkpoint-10', 'checkpoint-11', 'checkpoint-12']);
  });
});
