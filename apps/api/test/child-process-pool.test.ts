import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeManifest } from '@marquee/model-core';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { TINY_DRAFT, tinyFiles, tinyTable } from '../../../packages/model-core/test/support/tiny-artifact.js';
import { tinyGraph } from '../../../packages/model-core/test/support/tiny-graph.js';
import { TINY_VOCABULARY } from '../../../packages/model-core/test/support/tiny-tokenizer.js';
import { openServedModel } from '../src/index.js';
import type { ChildProcessPool, ServedModel } from '../src/index.js';
import { writeTinyArtifact } from './support/artifact.js';
import type { TemporaryArtifact } from './support/artifact.js';
import { isRunning } from './support/processes.js';
import { createTinyPool, post, send, startTinyService, until } from './support/service.js';

const DYING_CHILD = new URL('./support/dying-child.mjs', import.meta.url);
const SILENT_CHILD = new URL('./support/silent-child.mjs', import.meta.url);
const REVIEW = 'good';
const TINY_BAD_ID = TINY_VOCABULARY['bad'] ?? NaN;

let artifact: TemporaryArtifact;
let model: ServedModel;
const pools: ChildProcessPool[] = [];

beforeEach(async () => {
  artifact = await writeTinyArtifact();
  model = await openServedModel(artifact.dir);
});
afterEach(async () => {
  await Promise.all(pools.splice(0).map((pool) => pool.close()));
  await artifact[Symbol.asyncDispose]();
});

function createPool(...args: [options?: Parameters<typeof createTinyPool>[1]]): ChildProcessPool {
  const pool = createTinyPool(model, ...args);
  pools.push(pool);
  return pool;
}

/** The one process of a pool. */
function childOf(pool: ChildProcessPool): number {
  const [pid] = pool.processIds;
  if (pid === undefined) throw new Error('the pool has no process');
  return pid;
}

describe('a pool', () => {
  test('gives what the model predicts', async () => {
    const pool = createPool();
    await pool.start();
    const p = 1 / (1 + Math.exp(-4)); // the logits are the mean of 0, 6 and 0, with both signs
    expect(await pool.predict(REVIEW)).toEqual({
      sentiment: 'positive',
      confidence: expect.closeTo(p, 6),
      probabilities: { negative: expect.closeTo(1 - p, 6), positive: expect.closeTo(p, 6) },
      tokenCount: 3,
      truncated: false,
    });
    expect(pool.loaded).toMatchObject({ device: 'cpu', info: { kind: 'transformer', maxLength: 16 } });
  });

  test('answers overlapping reviews, each its own', async () => {
    const pool = createPool({ processes: 2 });
    await pool.start();
    expect(new Set(pool.processIds).size).toBe(2);
    const reviews = Array.from({ length: 50 }, (_, index) => (index % 2 === 0 ? 'good' : 'bad'));
    const predictions = await Promise.all(reviews.map((review) => pool.predict(review)));
    expect(predictions.map(({ sentiment }) => sentiment)).toEqual(
      reviews.map((review) => (review === 'good' ? 'positive' : 'negative')),
    );
  });

  test('refuses work before it is started and after it is closed', async () => {
    const pool = createPool();
    await expect(pool.predict(REVIEW)).rejects.toMatchObject({ code: 'MODEL_NOT_LOADED' });
    await pool.start();
    await pool.close();
    await expect(pool.predict(REVIEW)).rejects.toMatchObject({ code: 'SHUTTING_DOWN' });
    expect(pool.ready).toBe(false);
  });

  test('refuses more than its queue holds', async () => {
    const pool = createPool({ maxQueuedReviews: 2, childModule: SILENT_CHILD, exitTimeoutMs: 1 });
    await pool.start();
    const waiting = Promise.allSettled([1, 2, 3].map(() => pool.predict(REVIEW))); // one runs, two wait
    await expect(pool.predict(REVIEW)).rejects.toMatchObject({ code: 'QUEUE_FULL' });
    await pool.close();
    expect(await waiting).toEqual(
      Array(3).fill({ status: 'rejected', reason: expect.objectContaining({ code: 'SHUTTING_DOWN' }) }),
    );
  });

  test('never starts a review that nobody waits for any more', async () => {
    const pool = createPool();
    await pool.start();
    const gone = AbortSignal.abort(new Error('the client has gone'));
    await expect(pool.predict(REVIEW, { signal: gone })).rejects.toThrow('the client has gone');
    await expect(pool.predict(REVIEW)).resolves.toMatchObject({ sentiment: 'positive' });
  });

  test('fails a review that the model refuses, and goes on', async () => {
    const table = tinyTable();
    table.fill(3e38, 2 * TINY_BAD_ID, 2 * TINY_BAD_ID + 2); // infinite once it is multiplied
    await using refusing = await writeTinyArtifact(
      tinyFiles().set('onnx/model_quantized.onnx', tinyGraph(table, [10, 0, 0, 10])),
    );
    model = await openServedModel(refusing.dir);
    const pool = createPool();
    await pool.start();
    const pid = childOf(pool);
    await expect(pool.predict('bad')).rejects.toMatchObject({ code: 'PREDICTION_FAILED' });
    await expect(pool.predict(REVIEW)).resolves.toMatchObject({ sentiment: 'positive' });
    expect(childOf(pool)).toBe(pid);
  });
});

describe('a lost process', () => {
  test('is replaced when it was idle', async () => {
    const pool = createPool();
    await pool.start();
    const pid = childOf(pool);
    process.kill(pid, 'SIGKILL');
    await until(() => !pool.ready);
    await until(() => pool.ready);
    expect(childOf(pool)).not.toBe(pid);
    await expect(pool.predict(REVIEW)).resolves.toMatchObject({ sentiment: 'positive' });
  });

  test('costs the request in hand a second try, not an error', async () => {
    const service = await startTinyService();
    const pid = childOf(service.pool);
    process.kill(pid, 'SIGSTOP'); // holds the run as a long one would
    const answer = post(`${service.url}/predict`, { text: 'good' });
    const queued = post(`${service.url}/predict/batch`, { reviews: ['bad', 'good'] });
    await send(`${service.url}/health`);
    process.kill(pid, 'SIGKILL');
    expect((await answer).body).toMatchObject({ sentiment: 'positive' });
    expect((await queued).status).toBe(200);
    await service[Symbol.asyncDispose]();
  });

  test('makes /health unhealthy and predictions the seed’s 503 until it is replaced', async () => {
    const service = await startTinyService({ minBackoffMs: 60_000, maxBackoffMs: 60_000 });
    process.kill(childOf(service.pool), 'SIGKILL');
    await until(() => !service.pool.ready);
    expect(await send(`${service.url}/health`)).toMatchObject({
      status: 503,
      body: { status: 'unhealthy', model_loaded: false },
    });
    expect(await post(`${service.url}/predict`, { text: 'good' })).toMatchObject({
      status: 503,
      body: { error: 'Service unavailable', detail: 'Model not loaded' },
    });
    await service[Symbol.asyncDispose]();
  });

  test('fails a review that two processes died over', async () => {
    const pool = createPool({ childModule: DYING_CHILD });
    await pool.start();
    await expect(pool.predict(REVIEW)).rejects.toMatchObject({ code: 'PREDICTION_FAILED' });
    await until(() => pool.ready);
  });

  test('is also one that hangs: it is killed after the time-out', async () => {
    const pool = createPool({ childModule: SILENT_CHILD, runTimeoutMs: 50 });
    await pool.start();
    const pid = childOf(pool);
    await expect(pool.predict(REVIEW)).rejects.toMatchObject({ code: 'PREDICTION_FAILED' });
    expect(isRunning(pid)).toBe(false);
  });

  test('is not replaced by another version of the model', async () => {
    const service = await startTinyService();
    const { pool } = service;
    process.kill(childOf(pool), 'SIGSTOP');
    const answer = post(`${service.url}/predict`, { text: 'good' });
    await send(`${service.url}/health`);
    await writeManifest(service.modelDir, { ...TINY_DRAFT, version: 'another' }, tinyFiles().keys());
    process.kill(childOf(pool), 'SIGKILL');
    expect(await answer).toMatchObject({ status: 503, body: { detail: 'Model not loaded' } });
    await service[Symbol.asyncDispose]();
  });
});

describe('a model that cannot be served', () => {
  test('stops the start with the file’s name when a byte was changed', async () => {
    await writeFile(join(artifact.dir, 'tokenizer_config.json'), '{}');
    await expect(openServedModel(artifact.dir)).rejects.toMatchObject({
      code: 'MODEL_UNUSABLE',
      message: expect.stringContaining('tokenizer_config.json'),
    });
  });

  test('stops the start of the pool when the graph went missing after the digests were compared', async () => {
    await rm(join(artifact.dir, 'onnx', 'model_quantized.onnx'));
    const pool = createPool();
    await expect(pool.start()).rejects.toMatchObject({
      code: 'MODEL_UNUSABLE',
      message: expect.stringContaining('onnx/model_quantized.onnx'),
    });
    expect(pool.processIds).toEqual([]);
  });
});

describe('close', () => {
  test('leaves no process behind, even one that does not end by itself', async () => {
    const willing = createPool({ processes: 2 });
    const unwilling = createPool({ childModule: SILENT_CHILD, exitTimeoutMs: 20 });
    await Promise.all([willing.start(), unwilling.start()]);
    const pids = [...willing.processIds, ...unwilling.processIds];
    expect(pids).toHaveLength(3);
    await Promise.all([willing.close(), unwilling.close()]);
    expect(pids.filter(isRunning)).toEqual([]);
  });

  test('works while the model is being loaded', async () => {
    const pool = createPool();
    const started = pool.start();
    started.catch(() => {});
    await pool.close();
    await expect(started).rejects.toThrow();
    expect(pool.processIds).toEqual([]);
  });
});
