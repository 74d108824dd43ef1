import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { rowDigest } from '@marquee/dataset';
import { loadClassifier, readManifest } from '@marquee/model-core';
import { beforeAll, describe, expect, test } from 'vitest';

import { askTeachers } from '../src/ask-teachers.js';
import { runDistillation } from '../src/distil.js';
import { DISTIL_OPTION_SPECS, type DistilOptions } from '../src/distil-options.js';
import type { OptionSpec } from '../src/option-spec.js';
import { readSeenRows } from '../src/seen-rows.js';
import { openTeacherCache } from '../src/teacher-cache.js';
import { describePositions } from '../src/training-examples.js';
import { startMain } from './support/child.js';
import { temporaryFolder } from './support/temporary-folder.js';
import { writeTinyModel } from './support/tiny-model.js';
import { tinyRows, writeCsv } from './support/tiny-reviews.js';
import { logOf, observe, tinyOptions, train, weightsOf } from './support/tiny-training.js';

const UNLABELED = tinyRows(30, 5).map(([text]) => text);
const SILENT = { progress: observe().progress, stopRequested: () => false };

let root: string;
let required: { trainFile: string; modelNameOrPath: string };
const teachers = (): string[] => [join(root, 'teacher-1'), join(root, 'teacher-2')];

beforeAll(async () => {
  root = await temporaryFolder();
  required = { trainFile: join(root, 'train.csv'), modelNameOrPath: await writeTinyModel(join(root, 'base')) };
  await writeCsv(required.trainFile, tinyRows(60));
  await writeFile(join(root, 'unlabeled.csv'), ['review', ...UNLABELED.map((text) => `"${text}"`)].join('\n'));
  await writeCsv(join(root, 'teachers.csv'), tinyRows(100, 9));
  for (const [index, outputDir] of teachers().entries()) {
    await train(
      tinyOptions(
        { ...required, trainFile: join(root, 'teachers.csv'), outputDir },
        { numTrainEpochs: 6, seed: index },
      ),
    );
  }
});

/** 48 labeled reviews and 30 without labels, 4 a batch: 20 steps a pass. */
function optionsIn(name: string, changes: Partial<DistilOptions> = {}): DistilOptions {
  const fallbacks = Object.entries<OptionSpec>(DISTIL_OPTION_SPECS).map(
    ([option, { fallback }]) => [option, fallback] as const,
  );
  const teaching = { teacher: teachers(), unlabeledFile: [join(root, 'unlabeled.csv')] };
  const tiny = tinyOptions({ ...required, outputDir: join(root, name) });
  return { ...Object.fromEntries(fallbacks), ...tiny, ...teaching, ...changes } as unknown as DistilOptions;
}

const distil = (options: DistilOptions, { progress } = observe()) =>
  runDistillation(options, { progress, stopRequested: () => false });

describe('a distillation', () => {
  let lines: string[];
  beforeAll(async () => {
    const observed = observe();
    await distil(optionsIn('whole', { numTrainEpochs: 2 }), observed);
    lines = observed.lines;
  });

  test('asks each teacher about all reviews, and says how far they agree with the labels', () => {
    expect(lines.filter((line) => line.startsWith('asking teacher'))).toEqual([
      expect.stringMatching(/^asking teacher [0-9a-f]{12} about 78 reviews$/),
      expect.stringMatching(/^asking teacher [0-9a-f]{12} about 78 reviews$/),
    ]);
    const agreement = lines.find((line) => line.startsWith('2 teachers together agree with'));
    expect(agreement).toMatch(/ % of the labels, and was asked about 30 reviews without$/);
  });

  test('leaves an artifact that names its teachers and the unlabeled data by their digests', async () => {
    const { training, metrics } = await readManifest(join(root, 'whole'));
    const versions = await Promise.all(teachers().map(async (dir) => (await readManifest(dir)).version));
    expect(training).toMatchObject({
      steps: 40,
      options: { distilTemperature: 2, distilAlpha: 0.3 },
      teachers: versions.map((version) => ({
        version,
        graph: 'int8',
        sha256: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
      })),
      unlabeled: [{ rows: 30 }],
    });
    expect(metrics).toHaveProperty('validation.int8');
    const run = JSON.parse(await readFile(join(root, 'whole', 'run.json'), 'utf8')) as Record<string, unknown>;
    expect(run).toMatchObject({
      command: 'distil',
      options: { teacher: teachers() },
      data: { unlabeled: { rows: 30 } },
    });
  });

  test('counts the unlabeled reviews, and those that its teachers have seen, among the rows seen', async () => {
    const seen = await readSeenRows(join(root, 'whole'));
    for (const text of UNLABELED) expect(seen.has(rowDigest(text))).toBe(true);
    for (const digest of await readSeenRows(teachers()[0] ?? '')) expect(seen.has(digest)).toBe(true);
  });

  test('stopped and resumed equals an uninterrupted one bit for bit', async () => {
    const broken = optionsIn('broken', { numTrainEpochs: 2 });
    let done = 0;
    const { progress } = observe(({ step }) => (done = step));
    const result = await runDistillation(broken, { progress, stopRequested: () => done >= 17 });
    expect(result).toEqual({ stoppedAt: join(broken.outputDir, 'checkpoint-17') });
    await distil({ ...broken, resumeFromCheckpoint: true });
    expect(await weightsOf(broken.outputDir)).toEqual(await weightsOf(join(root, 'whole')));
    expect(await logOf(broken.outputDir)).toEqual(await logOf(join(root, 'whole')));
  });

  test('refuses to go on with other teachers', async () => {
    const [first = ''] = teachers();
    const changed = optionsIn('broken', { numTrainEpochs: 2, teacher: [first], resumeFromCheckpoint: true });
    await expect(distil(changed)).rejects.toMatchObject({ code: 'INVALID_CHECKPOINT' });
  });

  test('brings the student near to its teachers where it has no label at all', async () => {
    const options = optionsIn('student', {
      distilAlpha: 0,
      numTrainEpochs: 8,
      learningRate: 5e-3,
      dropout: 0,
      earlyStoppingPatience: 0,
    });
    await distil(options);
    const { margins } = await askTeachers(questions(), options, SILENT);
    const student = await loadClassifier(options.outputDir, { device: 'cpu' });
    const predictions = await student.predict(UNLABELED);
    await student.close();
    const agreeing = predictions.filter(({ sentiment }, row) => (sentiment === 'positive') === (margins[row] ?? 0) > 0);
    expect(agreeing.length).toBeGreaterThanOrEqual(27); // of 30
    const positives = margins.filter((margin) => margin > 0).length;
    expect(Math.abs(positives - 15)).toBeLessThan(10); // no teacher that always says the same
  });

  test('with --distil-alpha 1 and nothing unlabeled is a training, to the bit', async () => {
    const {
      teacher: _,
      unlabeledFile: __,
      ...options
    } = optionsIn('as a training', { unlabeledFile: undefined, distilAlpha: 1 });
    await distil(optionsIn('as a training', { unlabeledFile: undefined, distilAlpha: 1 }));
    await train(
      tinyOptions(
        { ...required, outputDir: join(root, 'training') },
        { ...options, outputDir: join(root, 'training') },
      ),
    );
    expect(await weightsOf(join(root, 'as a training'))).toEqual(await weightsOf(join(root, 'training')));
  });
});

const questions = () => ({ texts: UNLABELED, rowDigests: UNLABELED.map(rowDigest) });

describe('asking teachers', () => {
  test('gives the mean of their logits', async () => {
    const [first = '', second = ''] = teachers();
    const ask = async (teacher: string[]) =>
      (await askTeachers(questions(), { teacher, teacherCacheDir: undefined, threads: 1 }, SILENT)).margins;
    const [a, b, both] = [await ask([first]), await ask([second]), await ask([first, second])];
    expect(a).not.toEqual(b);
    both.forEach((margin, row) => expect(margin).toBeCloseTo(((a[row] ?? NaN) + (b[row] ?? NaN)) / 2, 4));
  });

  test('goes on after an interruption from what was answered before', async () => {
    const texts = tinyRows(600, 11).map(([text]) => text);
    const all = { texts, rowDigests: texts.map(rowDigest) };
    const options = { teacher: teachers().slice(0, 1), teacherCacheDir: join(root, 'answers'), threads: 1 };
    let asked = 0;
    const stopping = { ...SILENT, stopRequested: () => (asked += 1) > 300 };
    await expect(askTeachers(all, options, stopping)).rejects.toMatchObject({ code: 'INTERRUPTED' });
    expect(await readdir(options.teacherCacheDir)).toHaveLength(1); // 250 reviews
    asked = 0;
    const { margins } = await askTeachers(all, options, { ...SILENT, stopRequested: () => (asked += 1) > 400 });
    expect(margins).toEqual((await askTeachers(all, { ...options, teacherCacheDir: undefined }, SILENT)).margins);
  });

  test('takes no answers that are damaged, or those to other reviews', async () => {
    const dir = join(root, 'cache');
    const cache = openTeacherCache(dir);
    const key = { teacherSha256: 'a', graph: 'int8', rowDigests: ['1', '2'] };
    await cache.write(key, Float32Array.of(1.5, -2));
    expect(await cache.read(key)).toEqual(Float32Array.of(1.5, -2));
    expect(await cache.read({ ...key, rowDigests: ['2', '1'] })).toBeUndefined();
    expect(await cache.read({ ...key, teacherSha256: 'b' })).toBeUndefined();
    const [name = ''] = await readdir(dir);
    const bytes = await readFile(join(dir, name));
    bytes.writeFloatLE(7, bytes.length - 4);
    await writeFile(join(dir, name), bytes);
    expect(await cache.read(key)).toBeUndefined();
  });
});

test('a place in several files names the lines of each', () => {
  const places = [
    { file: 'a.csv', line: 12 },
    { file: 'b.csv', line: 4 },
    { file: 'a.csv', line: 3 },
  ];
  expect(describePositions(places)).toBe(
    'the reviews of a.csv that start in lines 3, 12 and b.csv that start in lines 4',
  );
});

test('an output folder that is a teacher’s is refused, though it may be overwritten', async () => {
  const [outputDir = ''] = teachers();
  const refused = distil({ ...optionsIn('unused'), outputDir, overwriteOutputDir: true });
  await expect(refused).rejects.toMatchObject({ code: 'INVALID_OPTION' });
  expect(await readFile(join(outputDir, 'manifest.json'), 'utf8')).toContain('goldenInputs');
});

test('the command asks for teachers, and says what is wrong with one', async () => {
  const { code, stderr } = await startMain(['distil', '--train-file', 'train.csv'], root).ended;
  expect([code, stderr]).toEqual([2, expect.stringContaining('--teacher')]);
  const args = [
    'distil',
    '--teacher',
    'base',
    '--train-file',
    'train.csv',
    '--model-name-or-path',
    'base',
    '--output-dir',
    'out',
    '--max-seq-length',
    '24',
  ];
  const wrong = await startMain(args, root).ended;
  expect([wrong.code, wrong.stderr]).toEqual([1, expect.stringContaining('manifest.json')]);
});
