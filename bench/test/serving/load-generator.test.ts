import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';

import { generateLoad } from '../../src/serving/load-generator.js';
import type { Exchange, LoadRequest } from '../../src/serving/load-protocol.js';

const servers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of servers.splice(0)) await close();
});

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  servers.push(
    () =>
      new Promise((resolve) => {
        server.close(resolve);
        server.closeAllConnections();
      }),
  );
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const get = (path: string): Exchange => ({ method: 'GET', path, reviews: 1 });
const never = new AbortController().signal;
const load = (url: string, arrival: LoadRequest['arrival'], exchanges = [get('/')]): LoadRequest => ({
  type: 'load',
  url,
  exchanges,
  arrival,
});

describe('a closed loop', () => {
  it('sends as many requests as asked for, each exchange in turn', async () => {
    const paths: string[] = [];
    const url = await serve((request, response) => {
      paths.push(request.url ?? '');
      response.end('{}');
    });
    const arrival = { kind: 'closed', clients: 1, limit: { requests: 5 } } as const;
    const { samples } = await generateLoad(load(url, arrival, [get('/a'), get('/b')]), never);
    expect(paths).toEqual(['/a', '/b', '/a', '/b', '/a']);
    expect(samples.map(({ exchange, status }) => [exchange, status])).toEqual([
      [0, 200],
      [1, 200],
      [0, 200],
      [1, 200],
      [0, 200],
    ]);
  });

  it('has as many requests under way as clients', async () => {
    const counts: number[] = [];
    const waiting: (() => void)[] = [];
    const url = await serve((_request, response) => {
      waiting.push(() => response.end());
      counts.push(waiting.length);
      // Answered only three by three: fewer clients would wait forever.
      if (waiting.length === 3) for (const answer of waiting.splice(0)) answer();
    });
    await generateLoad(load(url, { kind: 'closed', clients: 3, limit: { requests: 30 } }), never);
    expect(Math.max(...counts)).toBe(3);
    expect(counts).toHaveLength(30);
  });

  it('ends when it is told to', async () => {
    const stop = new AbortController();
    const url = await serve((_request, response) => {
      stop.abort();
      response.end();
    });
    const { samples } = await generateLoad(
      load(url, { kind: 'closed', clients: 1, limit: { seconds: 3600 } }),
      stop.signal,
    );
    expect(samples).toHaveLength(1);
  });
});

describe('an open loop', () => {
  it('sends what is due although nothing was answered yet', async () => {
    const waiting: (() => void)[] = [];
    const url = await serve((_request, response) => {
      waiting.push(() => response.end());
      // A client that waited for its answer would wait forever.
      if (waiting.length >= 10) for (const answer of waiting.splice(0, 10)) answer();
    });
    const stop = new AbortController();
    const done = generateLoad(load(url, { kind: 'open', ratePerSecond: 1000, seconds: 3600, seed: 1 }), stop.signal);
    while (waiting.length < 5) await new Promise((resolve) => setTimeout(resolve, 1));
    stop.abort();
    setInterval(() => waiting.splice(0).forEach((answer) => answer()), 1).unref();
    const { samples } = await done;
    expect(samples.length).toBeGreaterThanOrEqual(5);
    expect(samples.every(({ status }) => status === 200)).toBe(true);
  });

  it('counts latency from when a request was due, however late it was sent', async () => {
    const url = await serve((_request, response) => response.end());
    const blockedMs = 50;
    const done = generateLoad(load(url, { kind: 'open', ratePerSecond: 2000, seconds: 0.02, seed: 1 }), never);
    const endMs = performance.now() + blockedMs;
    while (performance.now() < endMs); // as a busy machine keeps the sender from sending
    const { samples } = await done;
    // All were due in the first 20 ms, and none could be sent before 50 ms.
    expect(samples.length).toBeGreaterThan(10);
    for (const { atMs, latencyMs } of samples) expect(atMs + latencyMs).toBeGreaterThanOrEqual(blockedMs - 1);
  });
});

describe('a failed request', () => {
  it('says that nobody listened', async () => {
    const url = await serve(() => undefined);
    await servers.pop()?.();
    const { samples } = await generateLoad(load(url, { kind: 'closed', clients: 1, limit: { requests: 1 } }), never);
    expect(samples[0]).toMatchObject({ status: 0, failure: 'ECONNREFUSED' });
  });

  it('says that the connection was cut', async () => {
    const url = await serve((request) => request.socket.destroy());
    const { samples } = await generateLoad(load(url, { kind: 'closed', clients: 1, limit: { requests: 1 } }), never);
    expect(samples[0]).toMatchObject({ status: 0, failure: 'ECONNRESET' });
  });

  it('says that an answer was cut off', async () => {
    const url = await serve((request, response) => {
      response.writeHead(200, { 'Content-Length': 100 });
      response.write('half', () => request.socket.destroy());
    });
    const { samples } = await generateLoad(load(url, { kind: 'closed', clients: 1, limit: { requests: 1 } }), never);
    expect(samples[0]).toMatchObject({ status: 0, failure: 'answer cut off' });
  });
});

describe('answers', () => {
  it('are those of a single answer and of a batch alike, with Retry-After of what was refused', async () => {
    const prediction = { sentiment: 'positive', probabilities: { negative: 0.25, positive: 0.75 } };
    const url = await serve((request, response) => {
      if (request.url === '/busy') response.writeHead(503, { 'Retry-After': '2' }).end('{}');
      else if (request.url === '/one') response.end(JSON.stringify({ ...prediction, model_version: 'v1' }));
      else response.end(JSON.stringify({ predictions: [prediction, prediction], total_count: 2 }));
    });
    const arrival = { kind: 'closed', clients: 1, limit: { requests: 3 } } as const;
    const exchanges = ['/one', '/two', '/busy'].map(get);
    const { samples } = await generateLoad({ ...load(url, arrival, exchanges), keepAnswers: true }, never);
    const answer = { sentiment: 'positive', positive: 0.75 };
    expect(samples[0]?.answers).toEqual([{ ...answer, version: 'v1' }]);
    expect(samples[1]?.answers).toEqual([answer, answer]);
    expect(samples[2]).toMatchObject({ status: 503, retryAfterS: 2 });
    expect(samples[2]).not.toHaveProperty('answers');
  });
});
