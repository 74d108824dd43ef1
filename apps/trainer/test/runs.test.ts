import { mkdir } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';

import { beforeAll, describe, expect, test } from 'vitest';

import { runCli } from '../src/cli.js';
import { createProgress } from '../src/progress.js';
import { type RunRecord, writeRunRecord } from '../src/tracking/run-record.js';
import { compareRuns, listRuns } from '../src/tracking/show-runs.js';
import { temporaryFolder } from './support/temporary-folder.js';

const RECORD: RunRecord = {
  formatVersion: 1,
  command: 'train',
  status: 'finished',
  options: { learningRate: 5e-5, numTrainEpochs: 1, truncation: 'head', seed: 42, dropout: null },
  data: { train: { sha256: 'a'.repeat(64), rows: 40_000 } },
  model: { path: '/models/base', sha256: 'b'.repeat(64) },
  environment: {
    node: '20.19.0',
    onnxruntime: '1.30.0',
    platform: 'linux',
    host: hostname(),
    cpu: 'a processor',
    cores: 2,
    memoryBytes: 8e9,
    commit: 'c'.repeat(40),
    modified: false,
  },
  evaluations: [
    { step: 100, eval_f1: 0.91, eval_loss: 0.25 },
    { step: 200, eval_f1: 0.9, eval_loss: 0.3 },
  ],
  metrics: { 'test.int8.accuracy': 0.9281 },
  artifact: { version: 'd'.repeat(12), manifestSha256: 'e'.repeat(64), served: 'int8' },
  timing: { startedAt: '2026-11-24T10:00:00.000Z', updatedAt: '2026-11-24T11:30:00.000Z', seconds: 5400, resumes: 0 },
  peakMemoryBytes: 3.2e9,
  pid: 1,
};

let cwd: string;
async function writeRun(name: string, changes: Partial<RunRecord>): Promise<void> {
  await mkdir(join(cwd, 'runs', name), { recursive: true });
  await writeRunRecord(join(cwd, 'runs', name), { ...RECORD, ...changes });
}

beforeAll(async () => {
  cwd = await temporaryFolder();
  await writeRun('first', {});
  await writeRun('second', {
    options: { ...RECORD.options, learningRate: 1e-4, dropout: 0.2 },
    metrics: { 'test.int8.accuracy': 0.9312, 'test.int8.f1': 0.93 },
    timing: { ...RECORD.timing, startedAt: '2026-11-25T10:00:00.000Z' },
  });
  await writeRun('lost', {
    status: 'running',
    evaluations: [],
    metrics: {},
    pid: 2 ** 22 + 1, // above Linux's largest
    timing: { ...RECORD.timing, startedAt: '2026-11-26T10:00:00.000Z', seconds: 61 },
  });
  await mkdir(join(cwd, 'runs', 'no-run'));
});

async function runs(...words: string[]): Promise<string> {
  let stdout = '';
  await runCli(['runs', ...words], {
    cwd,
    shippedModel: '',
    sampleFile: '',
    progress: createProgress({ write: () => undefined }),
    write: (text) => (stdout += text),
    stopRequested: () => false,
  });
  return stdout;
}

describe('runs', () => {
  test('lists them in the order of their beginnings, and knows a dead process', async () => {
    expect(await runs()).toBe(
      [
        'run     command  status    started (UTC)        time  evaluations  best F1  test accuracy',
        'first   train    finished  2026-11-24 10:00  1:30:00            2   0.9100         0.9281',
        'second  train    finished  2026-11-25 10:00  1:30:00            2   0.9100         0.9312',
        'lost    train    died      2026-11-26 10:00  0:01:01            0',
        '',
      ].join('\n'),
    );
  });

  const measured = { 'test.int8.accuracy': 0.8812, 'test.fp32.accuracy': 0.9297, 'test.cascade.accuracy': 0.9411 };
  const made = { version: 'd'.repeat(12), manifestSha256: 'e'.repeat(64) };
  const { artifact: _, ...unmade } = RECORD;
  test.each<[of: string, shown: string, Partial<RunRecord>]>([
    ['a training', '0.8812', { artifact: { ...made, served: 'int8' } }],
    ['a training whose int8 graph was refused', '0.9297', { artifact: { ...made, served: 'fp32' } }],
    ['a training of an older release', '0.8812', { artifact: made }],
    ['a cascade', '0.9411', { artifact: { ...made, served: 'cascade' } }],
    ['a cascade of an older release', '0.9411', { artifact: made, options: { kind: 'cascade' } }],
    ['a linear model without test reviews', '', { artifact: { ...made, served: 'linear' } }],
    ['an evaluation', '0.9155', { metrics: { accuracy: 0.9155 } }],
    ['a published int8 graph', '0.9200', { artifact: { ...made, served: 'int8' }, metrics: { 'accuracy.int8': 0.92 } }],
    ['a refused int8 graph', '', { metrics: { 'accuracy.int8': 0.52, 'accuracy.fp32': 0.92 } }],
  ])('lists the test accuracy of what is served: of %s', (_, accuracy, changes) => {
    const [, line] = listRuns([{ ...unmade, metrics: measured, ...changes, name: 'one', dir: '/runs/one' }]).split(
      '\n',
    );
    expect(line).toMatch(/ 2 {3}0\.9100/);
    expect(line?.slice(line.indexOf('0.9100') + 6).trim()).toBe(accuracy);
  });

  test('lays two side by side: the options that differ, and all that was measured', async () => {
    expect(await runs('first', join('runs', 'second'))).toBe(
      [
        '                    first     second',
        'command             train     train',
        'status              finished  finished',
        'learningRate        0.00005   0.0001',
        'dropout                       0.2',
        'time                1:30:00   1:30:00',
        'peak memory (GB)    3.20      3.20',
        'last step           200       200',
        'last eval_f1        0.9       0.9',
        'last eval_loss      0.3       0.3',
        'test.int8.accuracy  0.9281    0.9312',
        'test.int8.f1                  0.93',
        '',
      ].join('\n'),
    );
  });

  test('shows all of one', async () => {
    const shown = await runs('first');
    expect(shown).toMatch(/^seed +42$/m);
    expect(shown).toMatch(/^data\.train +40000 rows of a{12}$/m);
    expect(shown).toMatch(/^commit +c{12}$/m);
  });

  test('lays verdicts and models side by side', () => {
    const run = (name: string, verdict: 'equivalent' | 'refused', version: string) => ({
      ...{ ...unmade, command: 'quantize', verdict, evaluations: [], metrics: {} },
      ...{ model: { path: '/models/mine', version, manifestSha256: 'f'.repeat(64) }, name, dir: `/runs/${name}` },
    });
    const shown = compareRuns([run('one', 'equivalent', 'a'.repeat(12)), run('two', 'refused', 'b'.repeat(12))]);
    expect(shown).toMatch(/^verdict +equivalent +refused$/m);
    expect(shown).toMatch(/^model version +a{12} +b{12}$/m);
  });

  test('prints the records as JSON', async () => {
    expect(JSON.parse(await runs('--json', 'first'))).toEqual([
      { ...RECORD, name: 'first', dir: join(cwd, 'runs', 'first') },
    ]);
    expect(JSON.parse(await runs('--json', '--runs-dir', 'nowhere'))).toEqual([]);
  });

  test('refuses a folder without a record', async () => {
    const error: unknown = await runs('no-run').catch((thrown: unknown) => thrown);
    const places = `${join(cwd, 'no-run')} or ${join(cwd, 'runs', 'no-run')}`;
    expect(error).toMatchObject({
      code: 'INVALID_OPTION',
      message: `no-run: expected the folder of a run with run.json, found none in ${places}`,
    });
  });
});
