import { existsSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';

import { fileDigest, rowDigest } from '@marquee/dataset';
import { readManifest } from '@marquee/model-core';
import { beforeAll, describe, expect, test } from 'vitest';

import { runCli } from '../src/cli.js';
import { compareScores } from '../src/comparison-report.js';
import { readRunRecord } from '../src/tracking/run-record.js';
import { temporaryFolder } from './support/temporary-folder.js';
import { writeTinyModel } from './support/tiny-model.js';
import { tinyRows, writeCsv } from './support/tiny-reviews.js';
import { observe, tinyOptions, train } from './support/tiny-training.js';

const TEST_ROWS = tinyRows(60, 5);
let cwd: string;
beforeAll(async () => {
  cwd = await temporaryFolder();
  const trainFile = join(cwd, 'train.csv');
  await writeCsv(trainFile, tinyRows(40));
  await writeCsv(join(cwd, 'test.csv'), [...TEST_ROWS, ...tinyRows(3)]);
  const modelNameOrPath = await writeTinyModel(join(cwd, 'base'));
  const tiny = (name: string, changes: object) =>
    tinyOptions(
      { trainFile, modelNameOrPath, outputDir: join(cwd, name) },
      { validationSplitPercentage: 0, ...changes },
    );
  await train(tiny('weak', { learningRate: 1e-4 }));
  await train(tiny('strong', { learningRate: 1e-2, numTrainEpochs: 6 }));
});

async function compare(a: string, b: string, outputDir: string) {
  let table = '';
  const code = await runCli(['compare', a, b, '--test-file', 'test.csv', '--output-dir', outputDir, '--threads', '1'], {
    cwd,
    shippedModel: '',
    sampleFile: '',
    progress: observe().progress,
    write: (text) => (table += text),
    stopRequested: () => false,
  });
  const json = await readFile(join(cwd, outputDir, 'comparison_results.json'), 'utf8');
  return { code, table, json, report: JSON.parse(json) as Record<string, never> };
}

const recordIn = (outputDir: string) => readRunRecord(join(cwd, outputDir));

describe('compare', () => {
  test('says which of two models is better, how surely, and on which reviews', async () => {
    const { code, table, report, json } = await compare('weak', 'strong', 'compared');
    expect(code).toBe(0);
    const { metrics, mcnemar, flips, a, b } = report as unknown as {
      metrics: Record<string, { a: number; b: number; difference: number; interval: [number, number] }>;
      mcnemar: { only_a_right: number; only_b_right: number; p_value: number };
      flips: Record<'only_a_right' | 'only_b_right', { line: number; row_digest: string; label: number }[]>;
      a: object;
      b: object;
    };
    expect(Object.keys(metrics)).toEqual(['accuracy', 'f1', 'roc_auc', 'log_loss']);
    const { accuracy } = metrics;
    expect(accuracy?.difference).toBeGreaterThan(0.2);
    expect(accuracy?.interval[0]).toBeGreaterThan(0);
    expect(mcnemar.p_value).toBeLessThan(0.001);
    expect((mcnemar.only_b_right - mcnemar.only_a_right) / 63).toBeCloseTo(accuracy?.difference ?? NaN, 12);
    expect(flips.only_a_right).toHaveLength(mcnemar.only_a_right);
    expect(flips.only_b_right).toHaveLength(mcnemar.only_b_right);
    const digests = new Set([...TEST_ROWS, ...tinyRows(3)].map(([text]) => rowDigest(text)));
    for (const flip of flips.only_b_right) expect(digests).toContain(flip.row_digest);
    expect([a, b]).toMatchObject([{ path: join(cwd, 'weak'), seen_rows: 3, graph: 'int8' }, { seen_rows: 3 }]);
    expect(json).not.toContain(TEST_ROWS[0]?.[0].slice(0, 20));
    expect(table).toMatch(/^A: .*weak, version [0-9a-f]{12}, int8, 3 of the reviews seen in training\nB: /);
    expect(table).toMatch(/\naccuracy +0\.\d{4} +[01]\.\d{4} +\+0\.\d{4} +\+0\.\d{4} to \+0\.\d{4}\n/);
    expect(table).toMatch(/\n63 reviews: \d+ that only A has right, \d+ that only B has right; McNemar's exact p = /);
  });

  test('leaves the record of its run: both models, the data, what came out', async () => {
    const { report } = await compare('weak', 'strong', 'recorded');
    const record = await recordIn('recorded');
    const models = await Promise.all(
      ['weak', 'strong'].map(async (name) => ({
        path: join(cwd, name),
        version: (await readManifest(join(cwd, name))).version,
        manifestSha256: await fileDigest(join(cwd, name, 'manifest.json')),
      })),
    );
    expect(record).toMatchObject({
      command: 'compare',
      status: 'finished',
      options: { a: join(cwd, 'weak'), b: join(cwd, 'strong'), graph: 'auto' },
      data: { test: { sha256: await fileDigest(join(cwd, 'test.csv')), rows: 63 } },
      models: { a: models[0], b: models[1] },
    });
    const { metrics, mcnemar } = report as unknown as {
      metrics: { accuracy: Record<'a' | 'b' | 'difference', number> };
      mcnemar: { p_value: number };
    };
    expect(record?.metrics).toMatchObject({
      'accuracy.a': metrics.accuracy.a,
      'accuracy.b': metrics.accuracy.b,
      'accuracy.difference': metrics.accuracy.difference,
      'mcnemar.p_value': mcnemar.p_value,
    });
  });

  test('takes the folder of an earlier comparison, with a record or without, and of no other run', async () => {
    await compare('weak', 'strong', 'earlier');
    await rm(join(cwd, 'earlier', 'run.json'));
    expect((await compare('strong', 'weak', 'earlier')).code).toBe(0);
    expect((await compare('weak', 'strong', 'earlier')).code).toBe(0);
    const trained = await readFile(join(cwd, 'weak', 'run.json'));
    await expect(compare('weak', 'strong', 'weak')).rejects.toMatchObject({ code: 'OUTPUT_NOT_EMPTY' });
    expect(await readFile(join(cwd, 'weak', 'run.json'))).toEqual(trained);
  });

  test('of a model that is none writes nothing', async () => {
    await expect(compare('weak', 'base', 'of-none')).rejects.toMatchObject({ code: 'FILE_MISSING' });
    expect(existsSync(join(cwd, 'of-none'))).toBe(false);
  });

  test('of a model with itself has no flip, and p is 1', async () => {
    const { report, table } = await compare('strong', 'strong', 'itself');
    expect(report).toMatchObject({
      mcnemar: { only_a_right: 0, only_b_right: 0, p_value: 1 },
      flips: { only_a_right: [], only_b_right: [] },
      metrics: { accuracy: { difference: 0, interval: [0, 0] } },
    });
    expect(table).toContain("McNemar's exact p = 1.0000");
  });

  test('without a second model says what is missing', async () => {
    const refused = compare('strong', '--threads', 'nothing');
    await expect(refused).rejects.toMatchObject({ code: 'INVALID_OPTION' });
  });
});

test('compareScores lists flips both ways by line and digest, and one class has no ROC AUC', () => {
  const rows = [
    { label: 1, line: 2, digest: 'a'.repeat(16) },
    { label: 1, line: 5, digest: 'b'.repeat(16) },
    { label: 1, line: 9, digest: 'c'.repeat(16) },
  ] as const;
  expect(compareScores(rows, [0.9, 0.2, 0.6], [0.4, 0.8, 0.7])).toMatchObject({
    metrics: { accuracy: { a: 2 / 3, b: 2 / 3 }, roc_auc: { a: null, difference: null, interval: [null, null] } },
    mcnemar: { only_a_right: 1, only_b_right: 1, p_value: 1 },
    flips: {
      only_a_right: [{ line: 2, row_digest: 'a'.repeat(16), label: 1, a: 0.9, b: 0.4 }],
      only_b_right: [{ line: 5, row_digest: 'b'.repeat(16), label: 1, a: 0.2, b: 0.8 }],
    },
  });
});
