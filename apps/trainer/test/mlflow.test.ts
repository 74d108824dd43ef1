import { existsSync } from 'node:fs';
import { mkdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

import { createMlflowMirror } from '../src/mlflow/mlflow-mirror.js';
import { type MlflowSettings, readMlflowSettings } from '../src/mlflow/mlflow-settings.js';
import { toTags } from '../src/mlflow/run-entries.js';
import { describeMissing } from '../src/mlflow/run-upload.js';
import { openMlflowMirror } from '../src/mlflow/threaded-mlflow-mirror.js';
import { reasonOf } from '../src/network-failure.js';
import type { RunRecord } from '../src/tracking/run-record.js';
import { startMain } from './support/child.js';
import { closedEndpoint } from './support/closed-endpoint.js';
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
    const both = ['run.json', 'results/curve%20of%20loss.png'];
    expect(files).toEqual([...both, ...both]);
  });

  test('carries the credentials that were given', async () => {
    const mirror = createMlflowMirror({ ...settingsOf(server.uri), authorization: 'Bearer secret' }, () => undefined);
    mirror.begin(await temporaryFolder(), MLFLOW_RUN);
    await mirror.end({ ...MLFLOW_RUN, status: 'failed' }, []);
    expect(new Set(server.requests.map(({ authorization }) => authorization))).toEqual(new Set(['Bearer secret']));
    expect(server.requests.at(-1)?.request).toMatchObject({ status: 'FAILED' });
  });
});

test('a run is tagged with the models that it looks at, by version and digest of the manifest', () => {
  const { model: _, ...run } = MLFLOW_RUN;
  const model = { path: '/m', version: 'abc', manifestSha256: 'd'.repeat(64) };
  const tagsOf = (looksAt: Pick<RunRecord, 'model' | 'models'>): Record<string, string> =>
    Object.fromEntries(
      toTags({ ...run, ...looksAt }).flatMap(({ key, value }) =>
        key.startsWith('marquee.model') ? [[key, value]] : [],
      ),
    );
  expect(tagsOf({ model })).toEqual({
    'marquee.model.version': 'abc',
    'marquee.model.manifest.sha256': 'd'.repeat(64),
  });
  expect(tagsOf({ models: { a: model, b: { ...model, version: 'def' } } })).toEqual({
    'marquee.models.a.version': 'abc',
    'marquee.models.a.manifest.sha256': 'd'.repeat(64),
    'marquee.models.b.version': 'def',
    'marquee.models.b.manifest.sha256': 'd'.repeat(64),
  });
});

describe('a server that fails', () => {
  const mirrored = async (uri: string): Promise<string[]> => {
    const warnings: string[] = [];
    const mirror = createMlflowMirror(settingsOf(uri), (warning) => warnings.push(warning));
    mirror.begin(await temporaryFolder(), MLFLOW_RUN);
    mirror.log({ step: 1, loss: 0.7 });
    await mirror.end({ ...MLFLOW_RUN, status: 'finished' }, []);
    return warnings;
  };

  test('is complained of once, with the reason', async () => {
    server.fail(500, Infinity);
    expect(await mirrored(server.uri)).toEqual([`MLflow at ${server.uri} is not told of this run: it answered 500`]);
    const closed = await closedEndpoint();
    const reason = `connect ECONNREFUSED ${closed.replace('http://', '')}`;
    expect(await mirrored(closed)).toEqual([`MLflow at ${closed} is not told of this run: ${reason}`]);
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
    await mirror.end({ ...MLFLOW_RUN, status: 'finished' }, []);
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

describe('a server that refuses a part', () => {
  const FILES = { 'a.json': '{}', 'b.json': '{"b":1}', 'model.safetensors': 'the weights', 'run.json': '{ }' };
  const mirrored = async (uri = server.uri, timeoutMs = 5000): Promise<string[]> => {
    const dir = await temporaryFolder();
    for (const [name, text] of Object.entries(FILES)) await writeFile(join(dir, name), text);
    const warnings: string[] = [];
    const mirror = createMlflowMirror({ ...settingsOf(uri), timeoutMs }, (warning) => warnings.push(warning));
    mirror.begin(dir, MLFLOW_RUN);
    mirror.log({ step: 1, loss: 0.7 });
    const files = Object.keys(FILES).map((name) => ({ path: join(dir, name), name }));
    await mirror.end({ ...MLFLOW_RUN, status: 'finished', metrics: { 'test.int8.f1': 0.8 } }, files);
    return warnings;
  };
  const asked = (route: RegExp) => server.requests.filter((request) => route.test(request.route));
  const expectEnded = (): void => {
    expect(asked(/runs\/update$/).map(({ request }) => request)).toMatchObject([{ status: 'FINISHED' }]);
    const batches = asked(/log-batch$/).map(({ request }) => request as { metrics?: { key: string }[] });
    expect(batches.flatMap(({ metrics = [] }) => metrics.map(({ key }) => key))).toEqual(['loss', 'test.int8.f1']);
  };
  const uploaded = (): (string | undefined)[] => asked(/^PUT /).map(({ route }) => route.split('/').at(-1));

  test('is told how the run ended, and gets the files that it takes', async () => {
    server.fail(413, 1, /model\.safetensors$/);
    expect(await mirrored()).toEqual([
      `MLflow at ${server.uri} has not all files of this run: model.safetensors (it answered 413)`,
    ]);
    expectEnded();
    expect(uploaded()).toEqual(['a.json', 'run.json', 'b.json', 'model.safetensors']);
    server.requests.length = 0;
    server.fail(500, 1, /a\.json$/);
    expect(await mirrored()).toEqual([
      `MLflow at ${server.uri} has not all files of this run: a.json (it answered 500)`,
    ]);
    expectEnded();
    expect(uploaded()).toEqual(['a.json', 'run.json', 'b.json', 'model.safetensors']);
  });

  test('is told how the run ended where it keeps artifacts elsewhere', async () => {
    const elsewhere = JSON.stringify(recorded).replaceAll('mlflow-artifacts:/', 's3://bucket/');
    server.close();
    server = await startReplay(JSON.parse(elsewhere) as Exchange[]);
    const names = ['a.json', 'run.json', 'b.json', 'model.safetensors'].join(', ');
    expect(await mirrored()).toEqual([
      `MLflow at ${server.uri} has not all files of this run: ${names} (it keeps artifacts elsewhere (start it with --serve-artifacts))`,
    ]);
    expectEnded();
    expect(uploaded()).toEqual([]);
  });

  test('is waited for no longer than for one answer where it never takes a file', async () => {
    server.fail('silence', Infinity, /^PUT /);
    expect(await mirrored(server.uri, 300)).toEqual([
      `MLflow at ${server.uri} has not all files of this run: a.json, run.json, b.json, model.safetensors (it does not answer in time)`,
    ]);
    expectEnded();
    expect(uploaded()).toEqual(['a.json']);
  });

  test('is told how the run ended where it answers the last metrics too late', async () => {
    server.fail('silence', Infinity, /log-batch$/);
    expect(await mirrored(server.uri, 300)).toEqual([
      `MLflow at ${server.uri} is not told of this run: it does not answer in time`,
    ]);
    expect(asked(/runs\/update$/).map(({ request }) => request)).toMatchObject([{ status: 'FINISHED' }]);
    expect(uploaded()).toHaveLength(4);
  });

  test('makes one run, whose parameters it gets later', async () => {
    server.fail(500, 1, /log-batch$/);
    expect(await mirrored()).toEqual([`MLflow at ${server.uri} is not told of this run: it answered 500`]);
    expect(asked(/runs\/create$/)).toHaveLength(1);
    expect(asked(/log-batch$/).flatMap(({ request }) => Object.keys(request as object))).toEqual(
      expect.arrayContaining(['params', 'metrics']),
    );
    expect(asked(/runs\/update$/)).toHaveLength(1);
  });
});

test('files that did not arrive are named by reason, and counted beyond ten', () => {
  const late = Array.from({ length: 11 }, (_, index) => ({ name: `f${index}`, reason: 'it is late' }));
  expect(describeMissing([{ name: 'a', reason: 'it answered 413' }, ...late.slice(0, 2)])).toBe(
    'a (it answered 413); f0, f1 (it is late)',
  );
  expect(describeMissing(late)).toBe('f0, f1, f2, f3, f4, f5, f6, f7, f8, f9 (it is late); 1 more');
});

test('a host of which every address refused has the reason of the first', () => {
  const refusals = [new Error('connect ECONNREFUSED ::1:5000'), new Error('connect ECONNREFUSED 127.0.0.1:5000')];
  const failed = new TypeError('fetch failed', { cause: new AggregateError(refusals) });
  expect(reasonOf(failed)).toBe('connect ECONNREFUSED ::1:5000');
});

const uploadedTo = ({ requests }: ReplayServer): string[] =>
  requests.flatMap(({ route }) => /^PUT .*<run>\/artifacts\/(.+)$/.exec(route)?.[1] ?? []).sort();

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
    return { ...ended, cwd, hasModel: existsSync(join(cwd, 'run', 'manifest.json')) };
  };

  test('tells of steps, evaluations and files', async () => {
    const environment = { MLFLOW_TRACKING_URI: server.uri, MLFLOW_EXPERIMENT_NAME: 'movie reviews' };
    expect(await trainWith(environment)).toMatchObject({ code: 0, hasModel: true });
    const bodies = server.requests.map(({ request }) => request as { metrics?: { key: string }[] } | null);
    const keys = bodies.flatMap((body) => body?.metrics ?? []).map(({ key }) => key);
    for (const key of ['loss', 'learningRate', 'tokensPerSecond', 'eval_f1', 'validation.int8.f1']) {
      expect(keys).toContain(key);
    }
    const uploaded = uploadedTo(server);
    expect(uploaded).toEqual([
      'LICENSE',
      'README.md',
      'config.json',
      'data_report.json',
      'manifest.json',
      'model.safetensors',
      'onnx/model_quantized.onnx',
      'onnx/saliency.onnx',
      'results/eda_visualizations.png',
      'results/evaluation_metrics.png',
      'results/evaluation_results.json',
      'results/report.html',
      'results/sample_predictions.json',
      'results/training_curves.png',
      'run.json',
      'seen-rows.bin',
      'split.json',
      'tokenizer.json',
      'tokenizer_config.json',
      'train_log.jsonl',
      'vocab.txt',
    ]);
    expect(bodies).toContainEqual(expect.objectContaining({ status: 'FINISHED' }));
  });

  test('tells of the results that stand outside of its folder, and not of those of an earlier run', async () => {
    const environment = { MLFLOW_TRACKING_URI: server.uri, MLFLOW_EXPERIMENT_NAME: 'movie reviews' };
    expect(await trainWith(environment, '--validation-split-percentage 0')).toMatchObject({ code: 0 });
    const uploaded = uploadedTo(server);
    expect(uploaded).toContain('model.safetensors');
    expect(uploaded.filter((name) => name.startsWith('results/')).sort()).toEqual([
      'results/eda_visualizations.png',
      'results/report.html',
      'results/training_curves.png',
    ]);
  });

  test('and then quantize, evaluate and compare tell of what they write, and not of what lies there besides', async () => {
    const environment = { MLFLOW_TRACKING_URI: server.uri, MLFLOW_EXPERIMENT_NAME: 'movie reviews' };
    const { cwd } = await trainWith({});
    await mkdir(join(cwd, 'parts'));
    for (const part of ['train', 'validation', 'test']) await writeCsv(join(cwd, 'parts', `${part}.csv`), tinyRows(20));
    const judge = async (line: string): Promise<string[]> => {
      server.requests.length = 0;
      await rm(join(cwd, 'parts', 'run.json'), { force: true });
      const flags = ['--test-file', 'parts/test.csv', '--output-dir', 'parts'];
      expect(await startMain([...line.split(' '), ...flags], cwd, environment).ended).toMatchObject({ code: 0 });
      return uploadedTo(server);
    };
    expect(await judge('quantize --model run')).toEqual(['equivalence_report.json', 'run.json']);
    expect(await judge('compare run run')).toEqual(['comparison_results.json', 'run.json']);
    expect(await judge('evaluate --model run')).toEqual([
      'evaluation_metrics.png',
      'evaluation_results.json',
      'report.html',
      'run.json',
      'sample_predictions.json',
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
  await mirror?.end(MLFLOW_RUN, []);
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
