import { existsSync } from 'node:fs';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { readReviews } from '@marquee/dataset';
import { loadImage } from '@napi-rs/canvas';
import { beforeAll, describe, expect, test } from 'vitest';

import { runCli } from '../src/cli.js';
import { FIGURE_WIDTH } from '../src/pictures/figure.js';
import { createProgress } from '../src/progress.js';
import { readRunRecord } from '../src/tracking/run-record.js';
import type { TrialLedger } from '../src/tune/trial-ledger.js';
import { startMain } from './support/child.js';
import { createFileMirror } from './support/file-mirror.js';
import { temporaryFolder } from './support/temporary-folder.js';
import { writeTinyModel } from './support/tiny-model.js';
import { tinyRows, writeCsv } from './support/tiny-reviews.js';

const SPACE = 'learning-rate: { loguniform: [1e-4, 1e-2] }\nnum-train-epochs: { choice: [1, 2] }\n';
const TINY = '--train-file train.csv --model-name-or-path base --max-seq-length 24 --per-device-train-batch-size 4';

let cwd: string;
beforeAll(async () => {
  cwd = await temporaryFolder();
  await writeTinyModel(join(cwd, 'base'));
  await writeCsv(join(cwd, 'train.csv'), tinyRows(36));
  await writeFile(join(cwd, 'space.yaml'), SPACE);
});

const mirror = createFileMirror();

const words = (line: string): string[] => `tune --search-space space.yaml --threads 1 ${TINY} ${line}`.split(' ');

interface Answer {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `tune` in this process; it is asked to stop before the training that follows `stopAfter` finished ones. */
async function tune(line: string, stopAfter = Infinity): Promise<Answer> {
  let stdout = '';
  let stderr = '';
  const code = await runCli(words(line), {
    cwd,
    shippedModel: join(cwd, 'base'),
    sampleFile: join(cwd, 'train.csv'),
    progress: createProgress({ write: (text) => (stderr += text) }),
    write: (text) => (stdout += text),
    mirror,
    stopRequested: () => [...stderr.matchAll(/: f1 \d/g)].length >= stopAfter,
  });
  return { code, stdout, stderr };
}

const ledgerOf = async (dir: string): Promise<TrialLedger> =>
  JSON.parse(await readFile(join(cwd, dir, 'trials.json'), 'utf8')) as TrialLedger;

/** Scores by trial, rung and fold: what does not depend on the clock. */
const scoresOf = ({ trials }: TrialLedger) =>
  trials.map(({ rungs }) => rungs.map(({ rows, score, folds }) => [rows, score, ...folds.map((fold) => fold.score)]));

describe('a search', () => {
  let answer: Answer;
  let ledger: TrialLedger;
  let shown: readonly string[];
  beforeAll(async () => {
    answer = await tune('--num-trials 3 --folds 2 --output-dir search');
    shown = mirror.names;
    ledger = await ledgerOf('search');
  });

  test('trains fewer trials on more reviews, rung by rung, each on every fold', () => {
    expect(answer.code).toBe(0);
    expect(ledger.rungs.map(({ trials }) => trials)).toEqual([3, 1]);
    expect(ledger.parts.map(({ trainRows }) => trainRows)).toEqual([18, 18]);
    expect(ledger.rungs.map(({ rows }) => rows)).toEqual([6, 18]);
    const inRung = (rung: number) => ledger.trials.filter(({ rungs }) => rungs.some((entry) => entry.rung === rung));
    expect([0, 1].map((rung) => inRung(rung).length)).toEqual([3, 1]);
    for (const { rungs } of ledger.trials) for (const { folds } of rungs) expect(folds).toHaveLength(2);
  });

  test('names the mean over the folds, with its standard error, and the winner', () => {
    const winner = ledger.trials.find(({ id }) => id === ledger.winner);
    const last = winner?.rungs.at(-1);
    const [a = NaN, b = NaN] = last?.folds.map(({ score }) => score) ?? [];
    expect(last?.rung).toBe(1);
    expect(last?.score).toBeCloseTo((a + b) / 2, 12);
    expect(last?.standardError).toBeCloseTo(Math.abs(a - b) / 2, 12); // of two: |a − b| / √2 / √2
  });

  test('prints a line a trial, the winner first', () => {
    const lines = answer.stdout.trimEnd().split('\n');
    expect(lines[0]).toMatch(/^trial +reviews +f1 +time +learning-rate +num-train-epochs/);
    expect(lines).toHaveLength(4);
    expect(lines[1]).toMatch(new RegExp(`^ *${ledger.winner} +18 +\\d\\.\\d{4} ± .* best$`));
  });

  test('holds out every review once, and never trains on one that it holds out', async () => {
    const texts = async (file: string): Promise<string[]> => (await readReviews(file)).map(({ text }) => text);
    const all = await texts(join(cwd, 'train.csv'));
    const heldOut = await Promise.all(ledger.parts.map(({ validationFile }) => texts(validationFile)));
    expect(heldOut.flat().sort()).toEqual([...all].sort());
    for (const [index, { trainFile }] of ledger.parts.entries()) {
      const trained = new Set(await texts(trainFile));
      expect(heldOut[index]?.filter((text) => trained.has(text))).toEqual([]);
    }
  });

  test('leaves no model and no checkpoint of a trial, but its record', async () => {
    const dirs = await readdir(join(cwd, 'search', 'trials'));
    expect(dirs).toHaveLength(2 * (3 + 1));
    const [dir = ''] = dirs;
    expect((await readdir(join(cwd, 'search', 'trials', dir))).sort()).toEqual([
      'data_report.json',
      'run.json',
      'train_log.jsonl',
    ]);
  });

  test('is a run, and its winner is a file that train takes', async () => {
    const record = await readRunRecord(join(cwd, 'search'));
    const score = ledger.trials[ledger.winner ?? -1]?.rungs.at(-1)?.score;
    expect(record).toMatchObject({ command: 'tune', status: 'finished', metrics: { 'best.f1': score } });
    const yaml = await readFile(join(cwd, 'search', 'best.yaml'), 'utf8');
    expect(yaml).toMatch(/^# Trial \d of 3: f1 0\.\d{4} ± 0\.\d{4} with 18 training reviews\.\n/);
    expect(yaml).toContain(`train-file: ${join(cwd, 'train.csv')}\n`);
    let stderr = '';
    const code = await runCli(['train', '--config', join('search', 'best.yaml'), '--output-dir', 'best'], {
      cwd,
      shippedModel: '',
      sampleFile: '',
      progress: createProgress({ write: (text) => (stderr += text) }),
      write: () => undefined,
      stopRequested: () => false,
    });
    expect(code).toBe(0);
    expect(stderr).toContain('the model is in');
    const trained = await readRunRecord(join(cwd, 'best'));
    const drawn = ledger.trials[ledger.winner ?? -1]?.options ?? {};
    expect(trained?.options).toMatchObject({ maxSeqLength: 24, perDeviceTrainBatchSize: 4, ...drawn });
  });

  test('shows its files, and no part of the data', () => {
    expect(shown).toEqual(['best.yaml', 'run.json', 'trials.json', 'trials.png']);
  });

  test('is drawn', async () => {
    const picture = await loadImage(await readFile(join(cwd, 'search', 'trials.png')));
    expect(picture.width).toBe(FIGURE_WIDTH);
  });

  test('that is stopped and resumed ends as one that was not', async () => {
    const line = '--num-trials 3 --folds 2 --output-dir stopped';
    const stopped = await tune(line, 3);
    expect(stopped.code).toBe(130);
    expect(stopped.stderr).toContain(`--output-dir ${join(cwd, 'stopped')} --resume`);
    expect(scoresOf(await ledgerOf('stopped')).flat()).toHaveLength(2);
    const resumed = await tune(`${line} --resume`);
    expect(resumed.code).toBe(0);
    expect([...resumed.stderr.matchAll(/: f1 \d/g)]).toHaveLength(8 - 3);
    expect(scoresOf(await ledgerOf('stopped'))).toEqual(scoresOf(ledger));
    expect(await readFile(join(cwd, 'stopped', 'best.yaml'))).toEqual(await readFile(join(cwd, 'search', 'best.yaml')));
  });

  test('goes on only with the options and data that it began with', async () => {
    const line = '--num-trials 3 --folds 2 --output-dir search --resume';
    const error: unknown = await tune(`${line} --seed 7 --weight-decay 0`).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'INVALID_CHECKPOINT' });
    expect((error as Error).message).toContain('; weightDecay was 0.01, is 0; seed was 42, is 7');
  });
});

test('a search whose process is killed keeps its finished trials', async () => {
  const line = '--num-trials 3 --output-dir killed --validation-split-percentage 20';
  const child = startMain(words(line), cwd);
  let said = '';
  child.process.stderr?.on('data', (data: Buffer) => {
    said += data.toString();
    if (said.includes('trial 1, rung 1')) child.process.kill('SIGKILL');
  });
  expect((await child.ended).signal).toBe('SIGKILL');
  const [first] = (await ledgerOf('killed')).trials;
  expect(first?.rungs).toHaveLength(1);
  const { code, stderr } = await tune(`${line} --resume`);
  expect(code).toBe(0);
  expect(stderr).not.toContain('trial 0, rung 1');
  expect((await ledgerOf('killed')).trials[0]?.rungs[0]).toEqual(first?.rungs[0]);
});

describe('a search in want of time', () => {
  test('ends with the best so far, and goes on when given more', async () => {
    const line = '--num-trials 2 --validation-split-percentage 20 --output-dir hurried';
    const hurried = await tune(`${line} --max-minutes 0`);
    expect(hurried.code).toBe(0);
    expect(hurried.stderr).toContain('out of time; with more --max-minutes');
    expect(existsSync(join(cwd, 'hurried', 'best.yaml'))).toBe(false);
    expect((await tune(`${line} --max-minutes 10 --resume`)).code).toBe(0);
    expect(existsSync(join(cwd, 'hurried', 'best.yaml'))).toBe(true);
  });
});

describe('a search is refused', () => {
  const refusals: Record<string, readonly [code: string, message: string]> = {
    '--output-dir base': ['OUTPUT_NOT_EMPTY', '--resume goes on with the search in it'],
    '--output-dir none --resume': ['INVALID_CHECKPOINT', 'trials.json: expected the trials of a search to go on with'],
    '--output-dir none --folds 2 --validation-file train.csv': [
      'INVALID_OPTION',
      '--validation-file: expected without',
    ],
    '--output-dir none --validation-split-percentage 0': [
      'INVALID_OPTION',
      '--validation-split-percentage: expected a',
    ],
    '--output-dir none --folds 40': ['INVALID_OPTION', '--folds: expected at most'],
    '--output-dir none --test-file train.csv': ['INVALID_OPTION', "unknown option '--test-file'"],
  };
  test.each(Object.entries(refusals))('%s', async (line, [code, message]) => {
    const error: unknown = await tune(line).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code });
    expect((error as Error).message).toContain(message);
  });
});
