import { execFileSync } from 'node:child_process';
import { mkdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';

import { fileDigest } from '@marquee/dataset';
import { beforeAll, describe, expect, test } from 'vitest';

import { codeVersion } from '../src/tracking/environment.js';
import { recordRun, type RunMirror } from '../src/tracking/record-run.js';
import type { RunFile } from '../src/tracking/run-files.js';
import { readRunRecord, type RunLogEntry, type RunRecord, type RunStart } from '../src/tracking/run-record.js';
import { TrainerError } from '../src/trainer-error.js';
import { temporaryFolder } from './support/temporary-folder.js';
import { writeTinyModel } from './support/tiny-model.js';
import { tinyRows, writeCsv } from './support/tiny-reviews.js';
import { tinyOptions, train, trainAndStop } from './support/tiny-training.js';

let root: string;
let required: { trainFile: string; modelNameOrPath: string; outputDir: string };
beforeAll(async () => {
  root = await temporaryFolder();
  const modelNameOrPath = await writeTinyModel(join(root, 'base'));
  required = { trainFile: join(root, 'train.csv'), modelNameOrPath, outputDir: join(root, 'run') };
  await writeCsv(required.trainFile, tinyRows(20));
});

/** The record of a folder, which must hold one. */
async function recordOf(dir: string): Promise<RunRecord> {
  const record = await readRunRecord(dir);
  if (!record) throw new Error(`${dir} holds no record`);
  return record;
}

describe('a training leaves run.json', () => {
  test('with options, data, environment, evaluations, metrics and the digest of its artifact', async () => {
    const options = tinyOptions(required, { numTrainEpochs: 2 });
    await train(options);
    const record = await recordOf(options.outputDir);
    expect(record).toMatchObject({ formatVersion: 1, command: 'train', status: 'finished', pid: process.pid });
    expect(record.options).toEqual(
      Object.fromEntries(Object.entries(options).map(([name, value]) => [name, value ?? null])),
    );
    const sha256 = await fileDigest(required.trainFile);
    const rowsSha256 = expect.stringMatching(/^[0-9a-f]{64}$/) as unknown;
    expect(record.data).toEqual({
      train: { sha256, rows: 16, rowsSha256 },
      validation: { sha256, rows: 4, rowsSha256 },
    });
    expect(record.model).toEqual({
      path: required.modelNameOrPath,
      sha256: await fileDigest(join(required.modelNameOrPath, 'model.safetensors')),
    });
    expect(record.environment).toMatchObject({ node: process.versions.node, host: hostname() });
    expect(record.environment.onnxruntime).toMatch(/^\d+\.\d+\.\d+/);
    expect(record.environment.memoryBytes).toBeGreaterThan(1e8);
    expect(record.evaluations.map(({ step }) => step)).toEqual([4, 8]);
    expect(record.evaluations.at(-1)).toHaveProperty('eval_f1');
    const manifestSha256 = await fileDigest(join(options.outputDir, 'manifest.json'));
    expect(record.artifact).toMatchObject({ manifestSha256, served: 'int8' });
    const manifest = JSON.parse(await readFile(join(options.outputDir, 'manifest.json'), 'utf8')) as {
      metrics: { validation: { int8: { accuracy: number } } };
    };
    expect(record.metrics?.['validation.int8.accuracy']).toBe(manifest.metrics.validation.int8.accuracy);
    expect(record.peakMemoryBytes).toBeGreaterThan(5e7);
    expect(record.timing.resumes).toBe(0);
  });

  test('that a resumed training goes on with', async () => {
    const options = tinyOptions({ ...required, outputDir: join(root, 'resumed') }, { numTrainEpochs: 2 });
    await trainAndStop(options, 5);
    const stopped = await recordOf(options.outputDir);
    expect(stopped).toMatchObject({ status: 'stopped', timing: { resumes: 0 } });
    expect(stopped).not.toHaveProperty('artifact');
    await train({ ...options, resumeFromCheckpoint: true });
    const finished = await recordOf(options.outputDir);
    expect(finished).toMatchObject({ status: 'finished', timing: { resumes: 1 } });
    expect(finished.timing.startedAt).toBe(stopped.timing.startedAt);
    expect(finished.timing.seconds).toBeGreaterThan(stopped.timing.seconds);
    expect(finished.evaluations.map(({ step }) => step)).toEqual([4, 8]);
  });

  test('that does not outlive an overwritten run', async () => {
    const options = tinyOptions({ ...required, outputDir: join(root, 'overwritten') });
    await train(options);
    const { timing } = await recordOf(options.outputDir);
    await train({ ...options, overwriteOutputDir: true });
    expect((await recordOf(options.outputDir)).timing.startedAt).not.toBe(timing.startedAt);
  });
});

const START: RunStart = { command: 'train', options: {}, data: {} };

describe('a recorded run', () => {
  const fail = (error: Error) => async (): Promise<RunRecord> => {
    const dir = await temporaryFolder();
    const run = (): Promise<never> => Promise.reject(error);
    await expect(recordRun({ dir, start: START, files: [], run, endOf: () => ({ status: 'finished' }) })).rejects.toBe(
      error,
    );
    return recordOf(dir);
  };

  test('that fails says why in the words of its error', async () => {
    const record = await fail(new TrainerError('NON_FINITE_LOSS', 'step 3: expected a finite loss, got NaN'))();
    expect(record).toMatchObject({
      status: 'failed',
      error: { code: 'NON_FINITE_LOSS', message: 'step 3: expected a finite loss, got NaN' },
    });
  });

  test('that fails by a bug keeps the message to itself', async () => {
    expect(await fail(new RangeError('a text that must not be kept'))()).toMatchObject({
      status: 'failed',
      error: { code: 'BUG', message: 'RangeError' },
    });
  });

  test('that is interrupted is stopped, not failed', async () => {
    expect(await fail(new TrainerError('INTERRUPTED', 'stopped'))()).toMatchObject({ status: 'stopped' });
  });

  test('stands in its folder while it runs, with the evaluations so far, each once', async () => {
    const dir = await temporaryFolder();
    const earlier: RunLogEntry[] = [
      { step: 4, eval_f1: 0.5 },
      { step: 8, eval_f1: 0.6 },
    ];
    const run = (entries: RunLogEntry[]) =>
      recordRun({
        dir,
        start: START,
        files: [],
        resumes: true,
        run: async (recorder) => {
          expect(await recordOf(dir)).toMatchObject({ status: 'running', pid: process.pid });
          entries.forEach(recorder.log);
        },
        endOf: () => ({ status: 'finished' }),
      });
    await run(earlier);
    await run([
      { step: 7, loss: 1 },
      { step: 8, eval_f1: 0.7 },
    ]);
    expect((await recordOf(dir)).evaluations).toEqual([earlier[0], { step: 8, eval_f1: 0.7 }]);
  });

  test('is shown to a mirror from its beginning to its written end', async () => {
    const dir = await temporaryFolder();
    const heard: string[] = [];
    const mirror: RunMirror = {
      begin: (folder, { status }) => heard.push(`begin ${status} in ${folder}`),
      log: ({ step }) => heard.push(`step ${step}`),
      end: async ({ status }) => {
        heard.push(`end ${status}, written ${(await recordOf(dir)).status}`);
      },
    };
    await recordRun({
      dir,
      start: START,
      files: [],
      mirror,
      run: async (recorder) => {
        await readRunRecord(dir);
        recorder.log({ step: 1, loss: 1 });
      },
      endOf: () => ({ status: 'finished' }),
    });
    expect(heard).toEqual([`begin running in ${dir}`, 'step 1', 'end finished, written finished']);
  });

  test('is ended for a mirror, too, where its folder can no longer be written', async () => {
    const dir = join(root, 'lost');
    await mkdir(dir);
    const ends: unknown[] = [];
    const mirror: RunMirror = {
      begin: () => undefined,
      log: () => undefined,
      end: (record) => Promise.resolve(void ends.push({ status: record.status, code: record.error?.code })),
    };
    const lost = recordRun({
      dir,
      start: START,
      files: [],
      mirror,
      run: async () => {
        await rm(dir, { recursive: true });
        await writeFile(dir, 'no folder');
      },
      endOf: () => ({ status: 'finished' }),
    });
    await expect(lost).rejects.toMatchObject({ code: 'WRITE_FAILED' });
    expect(ends).toEqual([{ status: 'failed', code: 'WRITE_FAILED' }]);
  });

  test('shows a mirror the files that it wrote, and nothing else of its folders', async () => {
    const dir = await temporaryFolder();
    const resultsDir = await temporaryFolder();
    const foreign = [join(dir, 'train.csv'), join(dir, 'earlier.json'), join(resultsDir, 'evaluation_metrics.png')];
    for (const path of foreign) await writeFile(path, 'of another command');
    for (const path of foreign.slice(1)) await utimes(path, 1, 1);
    await writeFile(join(dir, 'manifest.json'), 'of a model that another run made');
    let shown: readonly RunFile[] = [];
    const mirror: RunMirror = {
      begin: () => undefined,
      log: () => undefined,
      end: (_record, files) => Promise.resolve(void (shown = files)),
    };
    await recordRun({
      dir,
      start: START,
      files: ['report.json', 'earlier.json', 'never.json'],
      resultsDir,
      mirror,
      run: async () => {
        await writeFile(join(dir, 'report.json'), '{}');
        await writeFile(join(resultsDir, 'report.html'), '<html>');
        await writeFile(join(resultsDir, 'notes.txt'), 'of the user');
      },
      endOf: () => ({ status: 'finished', artifact: { version: '1', manifestSha256: '0'.repeat(64) } }),
    });
    expect(shown).toEqual([
      { path: join(dir, 'run.json'), name: 'run.json' },
      { path: join(dir, 'report.json'), name: 'report.json' },
      { path: join(resultsDir, 'report.html'), name: 'results/report.html' },
    ]);
  });

  test('with a torn run.json is none', async () => {
    const dir = await temporaryFolder();
    await writeFile(join(dir, 'run.json'), '{"formatVersion": 1, "command"');
    expect(await readRunRecord(dir)).toBeUndefined();
  });
});

describe('the version of the code', () => {
  const git = (dir: string, ...args: string[]): string =>
    execFileSync('git', ['-C', dir, '-c', 'user.name=a', '-c', 'user.email=a@b', ...args], { encoding: 'utf8' }).trim();

  test('is the commit, and whether files differ from it', async () => {
    const dir = await temporaryFolder();
    git(dir, 'init', '-q');
    await mkdir(join(dir, 'src'));
    await writeFile(join(dir, 'src', 'a.ts'), '1');
    git(dir, 'add', '.');
    git(dir, 'commit', '-qm', 'first');
    const commit = git(dir, 'rev-parse', 'HEAD');
    expect(await codeVersion(join(dir, 'src'))).toEqual({ commit, modified: false });
    await writeFile(join(dir, 'src', 'a.ts'), '2');
    expect(await codeVersion(dir)).toEqual({ commit, modified: true });
  });

  test('is left out where there is no repository', async () => {
    expect(await codeVersion(await temporaryFolder())).toEqual({});
  });
});
