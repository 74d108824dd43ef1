import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { TINY_DRAFT, TINY_VOCABULARY, tinyFiles, tinyGraph, tinyTable } from '@marquee/fixtures';
import { writeManifest } from '@marquee/model-core';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { ModelService, ModelServiceOptions } from '../../src/index.js';
import { writeTinyArtifact, writeTinyCascade, writeTinyLinear } from '../support/artifact.js';
import type { TemporaryArtifact } from '../support/artifact.js';
import { isRunning } from '../support/processes.js';
import {
  createTinyModelService,
  post,
  predictAll,
  send,
  startTinyService,
  startTinyServiceWithoutProcess,
  until,
} from '../support/service.js';

/** Dies over "bad", and never answers "movie". */
const FAULTY_ENGINE = new URL('../support/faulty-engine.mjs', import.meta.url);
/** Dies while it loads, as long as there is a file named "dying" in the folder. */
const DYING_ENGINE = new URL('../support/dying-engine.mjs', import.meta.url);

let artifact: TemporaryArtifact;
const services: ModelService[] = [];
beforeEach(async () => {
  artifact = await writeTinyArtifact();
});
afterEach(async () => {
  vi.useRealTimers();
  await Promise.all(services.splice(0).map((service) => service.close()));
  await artifact[Symbol.asyncDispose]();
});

function create(options: Partial<ModelServiceOptions> = {}, dir = artifact.dir): ModelService {
  const service = createTinyModelService(dir, options);
  services.push(service);
  return service;
}

async function start(options: Partial<ModelServiceOptions> = {}, dir = artifact.dir): Promise<ModelService> {
  const service = create(options, dir);
  await service.start().ready;
  return service;
}

/** The one process of a service. */
function processOf(service: ModelService): number {
  const [pid] = service.processIds;
  if (pid === undefined) throw new Error('the service has no process');
  return pid;
}

describe('a service', () => {
  test('gives what the model predicts', async () => {
    const service = await start();
    const p = 1 / (1 + Math.exp(-4)); // the logits are the mean of 0, 6 and 0, with both signs
    expect(await predictAll(service, ['good'])).toEqual([
      {
        sentiment: 'positive',
        confidence: expect.closeTo(p, 6),
        probabilities: { negative: expect.closeTo(1 - p, 6), positive: expect.closeTo(p, 6) },
        tokenCount: 3,
        truncated: false,
        modelVersion: service.model?.version,
      },
    ]);
    expect(service.model).toMatchObject({
      path: 'artifacts/tiny',
      device: 'cpu',
      info: { kind: 'transformer', graph: 'int8', maxLength: 16 },
    });
  });

  test('answers overlapping requests, each review its own, with every process', async () => {
    const service = await start({ processes: 2 });
    expect(new Set(service.processIds).size).toBe(2);
    const texts = Array.from({ length: 32 }, (_, index) => (index % 3 === 0 ? 'good' : 'bad'));
    const answers = await Promise.all([
      predictAll(service, texts),
      predictAll(service, texts),
      predictAll(service, ['great']),
    ]);
    const expected = texts.map((text) => (text === 'good' ? 'positive' : 'negative'));
    expect(answers.map((answer) => answer.map(({ sentiment }) => sentiment))).toEqual([
      expected,
      expected,
      ['positive'],
    ]);
  });

  test.runIf(process.platform === 'linux')(
    'answers what a linear model is sure of however long its processes are busy, and refuses the rest',
    async () => {
      await using cascade = await writeTinyCascade();
      const never = { single: 0, batch: 0 };
      const service = await start({ limits: { burstWaitMs: never, sustainedWaitMs: never } }, cascade.dir);
      process.kill(processOf(service), 'SIGSTOP');
      const first = predictAll(service, ['movie']);
      await until(() => service.stats.estimatedWaitMs > 0);
      await expect(predictAll(service, ['movie'])).rejects.toMatchObject({
        code: 'QUEUE_FULL',
        headers: { 'Retry-After': expect.stringMatching(/^\d+$/) },
      });
      await expect(predictAll(service, ['good'])).resolves.toMatchObject([{ stage: 'linear' }]);
      process.kill(processOf(service), 'SIGCONT');
      await expect(first).resolves.toMatchObject([{ stage: 'blend' }]);
    },
  );

  test('says where the time went, and what waits', async () => {
    const waits: string[] = [];
    const service = await start({ observer: { onRunStarted: (_, priority) => waits.push(priority) } });
    process.kill(processOf(service), 'SIGSTOP');
    const answer = service.predict({
      texts: ['good', 'bad', 'fine'],
      priority: 'batch',
      deadlineMs: performance.now() + 60_000,
      signal: new AbortController().signal,
    });
    await until(() => service.stats.queuedReviews.batch === 1); // one runs, one is on its way
    expect(service.stats).toMatchObject({ queuedReviews: { single: 0 }, queuedTokens: 3, processes: 1 });
    process.kill(processOf(service), 'SIGCONT');
    const { timings } = await answer;
    for (const ms of Object.values(timings)) expect(ms).toBeGreaterThan(0);
    expect(waits).toEqual(['batch', 'batch', 'batch']);
    expect(service.stats).toMatchObject({ queuedReviews: { single: 0, batch: 0 }, queuedTokens: 0 });
  });

  test('refuses work before it is started and after it is closed, and says when to come back', async () => {
    const service = create();
    expect(service.unreadiness).toBe('loading');
    await expect(predictAll(service, ['good'])).rejects.toMatchObject({
      code: 'MODEL_NOT_LOADED',
      headers: { 'Retry-After': '1' },
    });
    await service.start().ready;
    expect(service.unreadiness).toBeUndefined();
    await service.close();
    await expect(predictAll(service, ['good'])).rejects.toMatchObject({
      code: 'SHUTTING_DOWN',
      headers: { 'Retry-After': expect.stringMatching(/^\d+$/) },
    });
    expect(service.unreadiness).toBe('draining');
  });

  test('answers what a linear model is sure of though no process can', async () => {
    await using cascade = await writeTinyCascade();
    const service = await start({}, cascade.dir);
    process.kill(processOf(service), 'SIGSTOP');
    expect(await predictAll(service, ['good', 'bad'])).toMatchObject([{ stage: 'linear' }, { stage: 'linear' }]);
    process.kill(processOf(service), 'SIGCONT');
    expect(await predictAll(service, ['good', 'the film'])).toMatchObject([{ stage: 'linear' }, { stage: 'blend' }]);
  });

  test('fails a review that the model refuses, and goes on', async () => {
    const table = tinyTable();
    const id = TINY_VOCABULARY['bad'] ?? NaN;
    table.fill(3e38, 2 * id, 2 * id + 2); // infinite once it is multiplied
    await using refusing = await writeTinyArtifact(
      tinyFiles().set('onnx/model_quantized.onnx', tinyGraph(table, [10, 0, 0, 10])),
    );
    const service = await start({}, refusing.dir);
    const pid = processOf(service);
    await expect(predictAll(service, ['bad'])).rejects.toMatchObject({ code: 'PREDICTION_FAILED' });
    await expect(predictAll(service, ['good'])).resolves.toMatchObject([{ sentiment: 'positive' }]);
    expect(processOf(service)).toBe(pid);
  });
});

describe('work that is not wanted any more', () => {
  test('never reaches a model when its client has gone', async () => {
    let runs = 0;
    const service = await start({ observer: { onRunStarted: () => runs++ } });
    const gone = AbortSignal.abort(new Error('the client has gone'));
    await expect(predictAll(service, ['good'], { signal: gone })).rejects.toThrow('the client has gone');

    process.kill(processOf(service), 'SIGSTOP');
    const client = new AbortController();
    const held = predictAll(service, ['good', 'good']); // one runs, one is on its way
    const waiting = predictAll(service, ['good', 'good'], { signal: client.signal });
    await until(() => service.stats.queuedReviews.batch === 2);
    client.abort(new Error('the client has gone'));
    await expect(waiting).rejects.toThrow('the client has gone');
    expect(service.stats.queuedReviews.batch).toBe(0);
    process.kill(processOf(service), 'SIGCONT');
    await held;
    expect(runs).toBe(2);
  });

  test('never reaches a model though it is on its way to one when its client goes', async () => {
    const service = await start({ engineModule: FAULTY_ENGINE });
    const pid = processOf(service);
    process.kill(pid, 'SIGSTOP');
    const held = predictAll(service, ['good']);
    const client = new AbortController();
    const onItsWay = predictAll(service, ['movie'], { signal: client.signal });
    client.abort(new Error('the client has gone'));
    await expect(onItsWay).rejects.toThrow('the client has gone');
    process.kill(pid, 'SIGCONT');
    await held;
    await expect(predictAll(service, ['good'])).resolves.toMatchObject([{ sentiment: 'positive' }]);
    expect(processOf(service)).toBe(pid);
  });

  test('never reaches a model when its deadline has passed', async () => {
    let runs = 0;
    const service = await start({ observer: { onRunStarted: () => runs++ } });
    process.kill(processOf(service), 'SIGSTOP');
    const held = predictAll(service, ['good', 'good']);
    await until(() => runs === 2); // one runs, one is on its way
    const late = predictAll(service, ['good'], { deadlineMs: performance.now() + 50 });
    await expect(late).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED', status: 504 });
    process.kill(processOf(service), 'SIGCONT');
    await held;
    expect(runs).toBe(2);
  });

  test('is refused at once when too much waits', async () => {
    const service = await start({ limits: { maxReviews: 4 } });
    process.kill(processOf(service), 'SIGSTOP');
    const held = predictAll(service, ['good', 'good', 'good']);
    await until(() => service.stats.queuedReviews.batch === 1);
    await expect(predictAll(service, ['good', 'good'])).rejects.toMatchObject({
      code: 'QUEUE_FULL',
      status: 503,
      headers: { 'Retry-After': expect.stringMatching(/^\d+$/) },
    });
    process.kill(processOf(service), 'SIGCONT');
    await held;
  });
});

describe('a lost process', () => {
  test('is replaced when it was idle', async () => {
    let lost = 0;
    const service = await start({ observer: { onProcessLost: () => lost++ } });
    const pid = processOf(service);
    process.kill(pid, 'SIGKILL');
    await until(() => service.unreadiness === 'no-process');
    await until(() => service.unreadiness === undefined);
    expect(processOf(service)).not.toBe(pid);
    expect(lost).toBe(1);
    await expect(predictAll(service, ['good'])).resolves.toMatchObject([{ sentiment: 'positive' }]);
  });

  test('costs the request in hand a second try, not an error', async () => {
    await using service = await startTinyService();
    const pid = processOf(service.inference);
    process.kill(pid, 'SIGSTOP'); // holds the run as a long one would
    const answer = post(`${service.url}/predict`, { text: 'good' });
    const queued = post(`${service.url}/predict/batch`, { reviews: ['bad', 'good'] });
    await until(() => service.inference.stats.queuedReviews.batch === 1);
    process.kill(pid, 'SIGKILL');
    expect((await answer).body).toMatchObject({ sentiment: 'positive' });
    expect((await queued).status).toBe(200);
  });

  test('makes /health unhealthy and predictions the seed’s 503 until it is replaced', async () => {
    await using service = await startTinyServiceWithoutProcess();
    expect(await send(`${service.url}/health`)).toMatchObject({
      status: 503,
      body: { status: 'unhealthy', model_loaded: false },
    });
    expect(await post(`${service.url}/predict`, { text: 'good' })).toMatchObject({
      status: 503,
      body: { error: 'Service unavailable', detail: 'Model not loaded' },
    });
  });

  test('fails a review that two processes died over, and no other one', async () => {
    let lost = 0;
    const service = await start({
      processes: 2,
      engineModule: FAULTY_ENGINE,
      observer: { onProcessLost: () => lost++ },
    });
    const others = Array.from({ length: 4 }, () => predictAll(service, ['good']));
    await expect(predictAll(service, ['bad'])).rejects.toMatchObject({ code: 'PREDICTION_FAILED' });
    expect((await Promise.all(others)).flat()).toHaveLength(4);
    expect(lost).toBe(2);
  });

  test('is also one that hangs: it is killed, and the review fails when the second one hangs, too', async () => {
    const service = await start({ engineModule: FAULTY_ENGINE, minHangMs: 50 });
    const pid = processOf(service);
    await expect(predictAll(service, ['movie'])).rejects.toMatchObject({ code: 'PREDICTION_FAILED' });
    expect(isRunning(pid)).toBe(false);
    await until(() => service.unreadiness === undefined);
    await expect(predictAll(service, ['good'])).resolves.toMatchObject([{ sentiment: 'positive' }]);
  });

  test('is also one that was stopped: another one does its work', async () => {
    const service = await start({ minHangMs: 50 });
    const pid = processOf(service);
    process.kill(pid, 'SIGSTOP');
    await expect(predictAll(service, ['good'])).resolves.toMatchObject([{ sentiment: 'positive' }]);
    expect(isRunning(pid)).toBe(false);
  });

  test('is not replaced by another version of the model', async () => {
    const service = await start();
    process.kill(processOf(service), 'SIGSTOP');
    const answer = predictAll(service, ['good']);
    await writeManifest(artifact.dir, { ...TINY_DRAFT, version: 'another' }, tinyFiles().keys());
    process.kill(processOf(service), 'SIGKILL');
    await expect(answer).rejects.toMatchObject({ code: 'MODEL_NOT_LOADED' });
  });
});

describe('a crash loop', () => {
  test('is five deaths in a row; it fails readiness, is given up after a while, and ends with an answer', async () => {
    const service = await start({ engineModule: DYING_ENGINE, timing: { minBackoffMs: 1, hopelessAfterMs: 1 } });
    const hopeless = new Promise<void>((resolve) => (service.onHopeless = resolve));
    await writeFile(join(artifact.dir, 'dying'), '');
    process.kill(processOf(service), 'SIGKILL');
    await until(() => service.unreadiness === 'crash-loop');
    await expect(predictAll(service, ['good'])).rejects.toMatchObject({ code: 'MODEL_NOT_LOADED' });
    await hopeless;
    await rm(join(artifact.dir, 'dying'));
    await until(() => service.stats.processes === 1);
    expect(service.unreadiness).toBe('crash-loop');
    await expect(predictAll(service, ['good'])).resolves.toMatchObject([{ sentiment: 'positive' }]);
    expect(service.unreadiness).toBeUndefined();
  });

  test('is also deaths over requests, however long the processes stand in between', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'], shouldAdvanceTime: true });
    const service = await start({ engineModule: FAULTY_ENGINE });
    const onHopeless = (service.onHopeless = vi.fn());
    for (let request = 1; request <= 3; request++) {
      expect(service.unreadiness).toBeUndefined();
      await expect(predictAll(service, ['bad'])).rejects.toMatchObject({ code: 'PREDICTION_FAILED' });
      await until(() => service.stats.processes === 1); // loaded, and right on its golden inputs
      if (request < 3) vi.advanceTimersByTime(3_600_000);
    }
    expect(service.unreadiness).toBe('crash-loop');
    vi.advanceTimersByTime(240_000);
    expect(onHopeless).not.toHaveBeenCalled();
    vi.advanceTimersByTime(60_000);
    expect(onHopeless).toHaveBeenCalledOnce();
    expect(service.unreadiness).toBe('crash-loop');
  });

  test('is not one review that processes die over, as long as others are answered', async () => {
    let lost = 0;
    const service = await start({ engineModule: FAULTY_ENGINE, observer: { onProcessLost: () => lost++ } });
    for (let round = 1; round <= 3; round++) {
      await expect(predictAll(service, ['bad'])).rejects.toMatchObject({ code: 'PREDICTION_FAILED' });
      await until(() => service.stats.processes === 1);
      await expect(predictAll(service, ['good'])).resolves.toMatchObject([{ sentiment: 'positive' }]);
      expect([lost, service.unreadiness]).toEqual([2 * round, undefined]);
    }
  });

  test('fails /readyz, and lets requests through that may end it', async () => {
    await using service = await startTinyService({ engineModule: FAULTY_ENGINE });
    for (let request = 1; request <= 3; request++) {
      await until(() => service.inference.stats.processes === 1);
      expect((await post(`${service.url}/predict`, { text: 'bad' })).status).toBe(500);
    }
    await until(() => service.inference.stats.processes === 1);
    expect(await send(`${service.url}/readyz`)).toMatchObject({
      status: 503,
      body: { detail: 'Not ready, failing check: inference process: those that start die before they answer' },
    });
    expect((await post(`${service.url}/predict`, { text: 'good' })).status).toBe(200);
    expect((await send(`${service.url}/readyz`)).status).toBe(200);
  });

  test('of a linear model ends with an answer, too, though the server gives it', async () => {
    await using linear = await writeTinyLinear();
    const service = await start({}, linear.dir);
    for (let death = 1; death <= 6; death++) {
      process.kill(processOf(service), 'SIGKILL');
      await until(() => service.stats.processes === 0);
      await until(() => service.stats.processes === 1);
      if (death === 4) await predictAll(service, ['good']);
    }
    expect(service.unreadiness).toBeUndefined();
  });
});

describe('a model that cannot be served', () => {
  test('stops the start with the file’s name when a byte was changed, and leaves no process', async () => {
    await writeFile(join(artifact.dir, 'tokenizer_config.json'), '{}');
    const service = create();
    const { verified, ready } = service.start();
    for (const promise of [verified, ready]) {
      await expect(promise).rejects.toMatchObject({
        code: 'MODEL_UNUSABLE',
        message: expect.stringContaining('tokenizer_config.json'),
      });
    }
    expect(service.processIds).toEqual([]);
  });

  test('stops the start when its graph does not give the golden logits', async () => {
    const goldenInputs = [{ inputIds: [2, 10, 3], logits: { int8: [-2, 2.4] } }]; // [CLS] good [SEP]: -2 and 2
    await writeManifest(artifact.dir, { ...TINY_DRAFT, goldenInputs }, tinyFiles().keys());
    await expect(create().start().ready).rejects.toMatchObject({
      code: 'MODEL_UNUSABLE',
      message: expect.stringContaining('golden input 0: logits must lie within 0.3 of the recorded ones'),
    });
  });

  test('serves when its golden logits are near enough', async () => {
    const goldenInputs = [{ inputIds: [2, 10, 3], logits: { int8: [-2, 2.2] } }];
    await writeManifest(artifact.dir, { ...TINY_DRAFT, goldenInputs }, tinyFiles().keys());
    expect((await start()).unreadiness).toBeUndefined();
  });
});

describe('the end', () => {
  test('is announced at once, and what is in hand is answered', async () => {
    const service = await start();
    process.kill(processOf(service), 'SIGSTOP');
    const answer = predictAll(service, ['good', 'bad']);
    service.drain(performance.now() + 60_000);
    expect(service.unreadiness).toBe('draining');
    const another = predictAll(service, ['good']); // over a connection that was open
    process.kill(processOf(service), 'SIGCONT');
    expect(await Promise.all([answer, another])).toHaveLength(2);
    await expect(service.reload()).rejects.toMatchObject({ code: 'SHUTTING_DOWN' });
  });

  test('answers 503 what does not fit into the time that is left', async () => {
    const service = await start();
    process.kill(processOf(service), 'SIGSTOP');
    const answer = predictAll(service, ['good']);
    service.drain(performance.now() + 50);
    await expect(answer).rejects.toMatchObject({ code: 'SHUTTING_DOWN', status: 503 });
    await expect(predictAll(service, ['good'])).rejects.toMatchObject({ code: 'SHUTTING_DOWN' });
  });

  test('leaves no process behind, even one that does not end by itself', async () => {
    const service = await start({ processes: 2, timing: { exitTimeoutMs: 20 } });
    const pids = service.processIds;
    process.kill(pids[0] ?? 0, 'SIGSTOP');
    await service.close();
    expect(pids.filter(isRunning)).toEqual([]);
    expect(service.processIds).toEqual([]);
  });

  test('works while the model is being loaded', async () => {
    const service = create();
    const { ready } = service.start();
    await until(() => service.processIds.length > 0);
    await service.close();
    await expect(ready).rejects.toThrow();
    expect(service.processIds).toEqual([]);
  });
});
