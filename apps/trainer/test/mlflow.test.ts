import { existsSync } from 'node:fs';
import { mkdir, readFile, utimes, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

import { createMlflowMirror } from '../src/mlflow/mlflow-mirror.js';
import { type MlflowSettings, readMlflowSettings } from '../src/mlflow/mlflow-settings.js';
import { openMlflowMirror } from '../src/mlflow/threaded-mlflow-mirror.js';
import { startMain } from './support/child.js';
import { type Exchange, listen, type ReplayServer, startReplay } from './support/mlflow-exchange.js';
import { MLFLOW_RUN, mirrorTwice } from './support/mlflow-run.js';
import { temporaryFolder } from './support/temporary-folder.js';
import { writeTinyModel } from './support/tiny-model.js';
import { tinyRows, writeCsv } from './support/tiny-reviews.js';

/** Recorded by mlflow-recording.test.ts. */
const ORACLE = new URL('./oracles/mlflow.json', import.meta.url);

let recorded: readonly Exchange[];
let server: ReplayServer;
beforeEach(async () => {
  recorded = (JSON.parse(await readFile(ORACLE, 'utf8')) as { exchanges: Exchange[] }).exchanges;
  server = await startReplay(recorded);
});
afterEach(() => server.close());

const settingsOf = (trackingUri: string): MlflowSettings => ({
  trackingUri,
  experimentName: 'movie reviews',
  timeoutMs: 5000,
});

describe('a run in MLflow', () => {
  test('is told in the requests that a real server accepted', async () => {
    const warnings: string[] = [];
    const dir = join(await temporaryFolder(), 'first');
    await mirrorTwice(dir, () => createMlflowMirror(settingsOf(server.uri), (warning) => warnings.push(warning)));
    expect(warnings).toEqual([]);
    expect(server.requests.map(({ route, request }) => ({ route, request }))).toEqual(
      recorded.map(({ route, request }) => ({ route, request })),
    );
    // One experiment and one run for both processes of the run; no checkpoint goes over.
    const routes = recorded.map(({ route }) => route);
    expect(routes.filter((route) => route.endsWith('/create'))).toHaveLength(2);
    const files = routes.flatMap((route) => /^PUT .*<run>\/artifacts\/(.+)$/.exec(route)?.[1] ?? []);
    expect(files).toEqual([...files.slice(0, 2), 'results/curve%20of%20loss.png', 'run.json']);
  });

  test('carries the credentials that were given', async () => {
    const mirror = createMlflowMirror({ ...settingsOf(server.uri), authorization: 'Bearer secret' }, () => undefined);
    mirror.begin(await temporaryFolder(), MLFLOW_RUN);
    await mirror.end({ ...MLFLOW_RUN, status: 'failed' });
    expect(new Set(server.requests.map(({ authorization }) => authorization))).toEqual(new Set(['Bearer secret']));
    expect(server.requests.at(-1)?.request).toMatchObject({ status: 'FAILED' });
  });
});

describe('a server that fails', () => {
  const mirrored = async (uri: string): Promise<string[]> => {
    const warnings: string[] = [];
    const mirror = createMlflowMirror(settingsOf(uri), (warning) => warnings.push(warning));
    mirror.begin(await temporaryFolder(), MLFLOW_RUN);
    mirror.log({ step: 1, loss: 0.7 });
    await mirror.end({ ...MLFLOW_RUN, status: 'finished' });
    return warnings;
  };

  test('is complained of once, with the reason', async () => {
    server.fail(500, Infinity);
    expect(await mirrored(server.uri)).toEqual([`MLflow at ${server.uri} is not told of this run: it answered 500`]);
    const [warning, ...more] = await mirrored('http://127.0.0.1:1');
    expect(warning).toMatch(/^MLflow at http:\/\/127\.0\.0\.1:1 is not told of this run: ./);
    expect(more).toEqual([]);
  });

  test('that never answers is asked once in a while, and once more at the end, however long the run was', async () => {
    let requests = 0;
    const silent = createServer(() => requests++);
    const settings = { ...settingsOf(await listen(silent)), timeoutMs: 300 };
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    const mirror = createMlflowMirror(settings, () => undefined);
    mirror.begin(await temporaryFolder(), MLFLOW_RUN);
    vi.advanceTimersByTime(600_000);
    vi.useRealTimers();
    await mirror.end({ ...MLFLOW_RUN, status: 'finished' });
    silent.closeAllConnections();
    silent.close();
    expect(requests).toBe(2);
  });

  test('is told everything at the end, when it is there again', async () => {
    server.fail(503, 1);
    expect(await mirrored(server.uri)).toHaveLength(1);
    const batches = server.requests.filter(({ route }) => route.endsWith('log-batch'));
    expect(batches.at(-1)?.request).toMatchObject({ metrics: [{ key: 'loss', value: 0.7, step: 1 }] });
    expect(server.requests.at(-1)?.request).toMatchObject({ status: 'FINISHED' });
  });
});

describe('train with MLFLOW_TRACKING_URI', () => {
  const trainWith = async (environment: Readonly<Record<string, string>>, where = '--output-dir run') => {
    const cwd = await temporaryFolder();
    await writeTinyModel(join(cwd, 'base'));
    await writeCsv(join(cwd, 'train.csv'), tinyRows(20));
    await mkdir(join(cwd, 'results'));
    await writeFile(join(cwd, 'results', 'evaluation_metrics.png'), 'of an earlier run');
    await utimes(join(cwd, 'results', 'evaluation_metrics.png'), 1, 1);
    const line = `train --train-file train.csv --model-name-or-path base --max-seq-length 24 ${where}`;
    const ended = await startMain([...line.split(' '), '--num-train-epochs', '1'], cwd, environment).ended;
    return { ...ended, hasModel: existsSync(join(cwd, 'run', 'manifest.json')) };
  };

  test('tells of steps, evaluations and files', async () => {
    const environment = { MLFLOW_TRACKING_URI: server.uri, MLFLOW_EXPERIMENT_NAME: 'movie reviews' };
    expect(await trainWith(environment)).toMatchObject({ code: 0, hasModel: true });
    const bodies = server.requests.map(({ request }) => request as { metrics?: { key: string }[] } | null);
    const keys = bodies.flatMap((body) => body?.metrics ?? []).map(({ key }) => key);
    for (const key of ['loss', 'learningRate', 'tokensPerSecond', 'eval_f1', 'validation.int8.f1']) {
      expect(keys).toContain(key);
    }
    const uploaded = server.requests.flatMap(({ route }) => /^PUT .*<run>\/artifacts\/(.+)$/.exec(route)?.[1] ?? []);
    expect(uploaded).toContain('model.safetensors');
    expect(uploaded).toContain('onnx/model_quantized.onnx');
    expect(uploaded).toContain('results/training_curves.png');
    expect(server.requests.at(-1)?.request).toMatchObject({ status: 'FINISHED' });
  });

  test('tells of the results that stand outside of its folder, and not of those of an earlier run', async () => {
    const environment = { MLFLOW_TRACKING_URI: server.uri, MLFLOW_EXPERIMENT_NAME: 'movie reviews' };
    expect(await trainWith(environment, '--validation-split-percentage 0')).toMatchObject({ code: 0 });
    const uploaded = server.requests.flatMap(({ route }) => /^PUT .*<run>\/artifacts\/(.+)$/.exec(route)?.[1] ?? []);
    expect(uploaded).toContain('model.safetensors');
    expect(uploaded.filter((name) => name.startsWith('results/')).sort()).toEqual([
      'results/eda_visualizations.png',
      'results/report.html',
      'results/training_curves.png',
    ]);
  });

  test('is not stopped by a server that never answers', async () => {
    const silent = createServer(() => undefined);
    const environment = { MLFLOW_TRACKING_URI: await listen(silent), MLFLOW_HTTP_REQUEST_TIMEOUT: '0.2' };
    const { stderr, ...ended } = await trainWith(environment);
    silent.closeAllConnections();
    silent.close();
    expect(ended).toMatchObject({ code: 0, hasModel: true });
    expect(stderr.match(/MLflow at .* is not told of this run: it does not answer in time\n/g)).toHaveLength(1);
  });
});

test('an address that is none is complained of when a run begins, and changes nothing else', async () => {
  const warnings: string[] = [];
  const mirror = openMlflowMirror({ MLFLOW_TRACKING_URI: 'databricks' }, (warning) => warnings.push(warning));
  expect(warnings).toEqual([]);
  mirror?.begin(await temporaryFolder(), MLFLOW_RUN);
  mirror?.log({ step: 1, loss: 0.7 });
  await mirror?.end(MLFLOW_RUN);
  expect(warnings).toEqual([
    'MLFLOW_TRACKING_URI: expected an http:// or https:// address; MLflow is not told of this run',
  ]);
  expect(openMlflowMirror({}, () => undefined)).toBeUndefined();
});

test('settings follow the variables of MLflow, and keep passwords out of the address', () => {
  expect(readMlflowSettings({})).toBeUndefined();
  expect(readMlflowSettings({ MLFLOW_TRACKING_URI: 'https://us%40er:p%3Aw@host:5000/ml/' })).toEqual({
    trackingUri: 'https://host:5000/ml',
    experimentName: 'marquee',
    authorization: `Basic ${Buffer.from('us@er:p:w').toString('base64')}`,
    timeoutMs: 10_000,
  });
  const others = { MLFLOW_TRACKING_TOKEN: 't', MLFLOW_EXPERIMENT_NAME: 'e', MLFLOW_HTTP_REQUEST_TIMEOUT: '3' };
  expect(readMlflowSettings({ MLFLOW_TRACKING_URI: 'http://host', ...others })).toEqual({
    trackingUri: 'http://host',
    experimentName: 'e',
    authorization: 'Bearer t',
    timeoutMs: 3000,
  });
});
