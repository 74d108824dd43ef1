import { createServer } from 'node:http';
import type { IncomingMessage, Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import * as client from '../src/index.js';
import { ClientError, MarqueeClient } from '../src/index.js';
import type { ClientOptions } from '../src/index.js';

interface Answer {
  readonly status: number;
  readonly headers?: Record<string, string>;
  readonly body: unknown;
}

const PREDICTION = { text: 'good', sentiment: 'positive', confidence: 0.9 };
const OK: Answer = { status: 200, body: PREDICTION };
const full = (retryAfter?: string): Answer => ({
  status: 503,
  ...(retryAfter !== undefined && { headers: { 'Retry-After': retryAfter } }),
  body: { error: 'Service unavailable', detail: 'The queue is full', code: 'QUEUE_FULL', request_id: 'r-1' },
});

let server: Server;
let url: string;
/** What is answered, in turn; then nothing is answered. `hang up` closes the connection. */
let answers: (Answer | 'hang up')[];
let requests: IncomingMessage[];
let bodies: string[];

beforeEach(async () => {
  answers = [];
  requests = [];
  bodies = [];
  const listening = createServer((request, response) => {
    requests.push(request);
    let body = '';
    request.on('data', (chunk) => (body += String(chunk)));
    request.on('end', () => {
      bodies.push(body);
      if (!listening.listening) return; // of the test before, which aborted it
      const answer = answers.shift();
      if (answer === 'hang up') request.socket.destroy();
      else if (answer !== undefined) {
        const text = typeof answer.body === 'string' ? answer.body : JSON.stringify(answer.body);
        response.writeHead(answer.status, answer.headers).end(text);
      }
    });
  });
  server = listening;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(() => {
  server.closeAllConnections();
  server.close();
});

function connect(options: Partial<ClientOptions> = {}): MarqueeClient {
  return new MarqueeClient({ url, minBackoffMs: 1, ...options });
}

async function failureOf(call: Promise<unknown>): Promise<ClientError> {
  const error: unknown = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof ClientError) return error;
  throw new Error(`expected a ClientError, got ${String(error)}`);
}

test('the public names of the package are these', () => {
  expect(Object.keys(client).sort()).toEqual(['CLIENT_ERROR_CODES', 'ClientError', 'MarqueeClient']);
});

describe('a call', () => {
  test('sends its body, the key and the time that is left', async () => {
    answers = [OK];
    expect(await connect({ key: 'k-1', timeoutMs: 5000 }).predict('good')).toEqual(PREDICTION);
    const [request] = requests;
    expect([request?.method, request?.url, bodies[0]]).toEqual(['POST', '/predict', '{"text":"good"}']);
    expect(request?.headers).toMatchObject({ authorization: 'Bearer k-1', 'content-type': 'application/json' });
    const timeoutMs = Number(request?.headers['x-request-timeout-ms']);
    expect(timeoutMs).toBeGreaterThanOrEqual(1000);
    expect(timeoutMs).toBeLessThanOrEqual(5000);
  });

  test('is made by a fetch that refuses to be a method, as those of browsers do', async () => {
    answers = [OK];
    function fetchOfBrowser(this: unknown, ...args: Parameters<typeof fetch>): Promise<Response> {
      if (this !== undefined) throw new TypeError('Illegal invocation');
      return fetch(...args);
    }
    expect(await connect({ fetch: fetchOfBrowser }).predict('good')).toEqual(PREDICTION);
  });

  test('keeps the path of the address', async () => {
    answers = [OK];
    await connect({ url: `${url}/marquee/` }).modelInfo();
    expect(requests[0]?.url).toBe('/marquee/model/info');
    expect(requests[0]?.headers).not.toHaveProperty('authorization');
  });

  test('fails with the code, the status, the detail and the id of the API’s error', async () => {
    answers = [
      {
        status: 400,
        body: { error: 'Validation error', detail: 'No text', code: 'INVALID_REQUEST', request_id: 'r-9' },
      },
    ];
    expect(await failureOf(connect().predict(''))).toMatchObject({
      code: 'INVALID_REQUEST',
      status: 400,
      message: 'No text',
      requestId: 'r-9',
    });
    expect(requests).toHaveLength(1);
  });

  test.each([
    ['a page of a proxy', { status: 502, body: '<html>Bad gateway</html>' }],
    ['an error of another API', { status: 500, body: { message: 'no' } }],
    ['an error that is null', { status: 400, body: null }],
    ['an answer that is not JSON', { status: 200, body: 'ok' }],
  ])('fails as UNEXPECTED_ANSWER on %s', async (_, answer) => {
    answers = [answer];
    expect(await failureOf(connect().predict('good'))).toMatchObject({
      code: 'UNEXPECTED_ANSWER',
      status: answer.status,
    });
    expect(requests).toHaveLength(1);
  });

  test('sends any number of reviews in batches of 32', async () => {
    const batch = (count: number): Answer => ({ status: 200, body: { predictions: Array(count).fill(PREDICTION) } });
    answers = [batch(32), batch(32), batch(6)];
    expect(await connect().predictAll(Array<string>(70).fill('good'))).toHaveLength(70);
    expect(bodies.map((body) => (JSON.parse(body) as { reviews: string[] }).reviews.length)).toEqual([32, 32, 6]);
  });
});

describe('retries', () => {
  test('follow 503, 429 and a lost connection', async () => {
    answers = [full('0'), { ...full(), status: 429 }, 'hang up', OK];
    expect(await connect({ retries: 3 }).predict('good')).toEqual(PREDICTION);
    expect(requests).toHaveLength(4);
  });

  test('follow the 503 of a proxy, which is no JSON', async () => {
    answers = [{ status: 503, headers: { 'Retry-After': '0' }, body: '<html>No endpoints</html>' }, OK];
    expect(await connect().predict('good')).toEqual(PREDICTION);
    expect(requests).toHaveLength(2);
  });

  test('are bounded', async () => {
    answers = [full(), full(), full(), OK];
    expect(await failureOf(connect().predict('good'))).toMatchObject({ code: 'QUEUE_FULL', requestId: 'r-1' });
    expect(requests).toHaveLength(3);
  });

  test('are not begun when Retry-After outlasts the call', async () => {
    answers = [full('3600'), OK];
    expect(await failureOf(connect().predict('good'))).toMatchObject({ code: 'QUEUE_FULL' });
    expect(requests).toHaveLength(1);
  });

  test('do not follow what would fail again', async () => {
    for (const status of [400, 401, 404, 413, 500, 504]) {
      answers = [{ ...full(), status }, OK];
      await failureOf(connect().predict('good'));
    }
    expect(requests).toHaveLength(6);
  });

  test('do not follow probes', async () => {
    answers = [{ status: 503, body: { status: 'unhealthy' } }, full()];
    expect(await connect().health()).toEqual({ status: 'unhealthy' });
    expect(await failureOf(connect().ready())).toMatchObject({ code: 'QUEUE_FULL', status: 503 });
    expect(requests).toHaveLength(2);
  });
});

describe('the end of a call', () => {
  test('is TIMEOUT when no answer came in time', async () => {
    expect(await failureOf(connect({ timeoutMs: 50 }).predict('good'))).toMatchObject({ code: 'TIMEOUT' });
  });

  test('is ABORTED when its signal says so before it began', async () => {
    const signal = AbortSignal.abort(new Error('gone'));
    expect(await failureOf(connect().predict('good', { signal }))).toMatchObject({ code: 'ABORTED' });
    expect(requests).toHaveLength(0);
  });

  test('is ABORTED when its signal says so during a try', async () => {
    const caller = new AbortController();
    server.once('request', () => caller.abort());
    expect(await failureOf(connect().predict('good', { signal: caller.signal }))).toMatchObject({ code: 'ABORTED' });
  });

  test('is ABORTED when its signal says so between two tries', async () => {
    const caller = new AbortController();
    answers = [full('20')];
    server.once('request', (_request, response) => response.once('finish', () => setImmediate(() => caller.abort())));
    expect(await failureOf(connect().predict('good', { signal: caller.signal }))).toMatchObject({ code: 'ABORTED' });
    expect(requests).toHaveLength(1);
  });

  test('is NETWORK when nobody listens', async () => {
    await new Promise((resolve) => server.close(resolve));
    const call = connect({ retries: 1 }).predict('good');
    expect(await failureOf(call)).toMatchObject({ code: 'NETWORK', status: undefined });
  });
});

test.each([
  [{ url: 'ftp://x' }, 'url must be an http or https address, got "ftp://x"'],
  [{ timeoutMs: 0 }, 'timeoutMs must be a positive number, got 0'],
  [{ retries: 1.5 }, 'retries must be a whole number from 0, got 1.5'],
  [{ minBackoffMs: 10, maxBackoffMs: 5 }, 'maxBackoffMs must be at least minBackoffMs, got 5'],
])('options %j are refused', (options, message) => {
  expect(() => connect(options)).toThrow(expect.objectContaining({ code: 'INVALID_OPTIONS', message }));
});
