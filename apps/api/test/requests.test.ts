import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ApiError } from '../src/http/api-error.js';
import { beforeDeadline, timeoutOf } from '../src/http/deadline.js';
import { send, startTinyService } from './support/service.js';
import type { TinyService } from './support/service.js';

let service: TinyService;
beforeAll(async () => {
  service = await startTinyService();
});
afterAll(() => service[Symbol.asyncDispose]());

const predict = (headers: Record<string, string>) =>
  send(`${service.url}/predict`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...headers },
    body: '{"text":"good"}',
  });

describe('the id of a request', () => {
  test('is the client’s when it is a token', async () => {
    const { headers } = await predict({ 'X-Request-Id': 'order-66:a.b_c' });
    expect(headers.get('X-Request-Id')).toBe('order-66:a.b_c');
  });

  test.each([
    ['missing', {}],
    ['a sentence', { 'X-Request-Id': 'a good film' }],
    ['too long', { 'X-Request-Id': 'a'.repeat(65) }],
    ['markup', { 'X-Request-Id': '<b>' }],
  ])('is made by the server when it is %s', async (_, headers) => {
    expect((await predict(headers)).headers.get('X-Request-Id')).toMatch(/^[0-9a-f-]{36}$/);
  });
});

describe('X-Request-Timeout-Ms', () => {
  test.each(['1000', '30000', '30001', '9'.repeat(20)])('may be %s', async (timeout) => {
    expect((await predict({ 'X-Request-Timeout-Ms': timeout })).status).toBe(200);
  });

  test.each([
    ['1000', 1000],
    ['10001', 10_000],
  ])('of %s ms leaves %d where the server has 10 s', (asked, timeoutMs) => {
    const request = new IncomingMessage(new Socket());
    request.headers = { 'x-request-timeout-ms': asked };
    expect(timeoutOf(request, 10_000)).toBe(timeoutMs);
  });

  test.each(['999', '0', '-1', '1e4', 'soon', ''])('may not be "%s"', async (timeout) => {
    expect(await predict({ 'X-Request-Timeout-Ms': timeout })).toMatchObject({
      status: 400,
      body: { code: 'INVALID_HEADER', detail: 'X-Request-Timeout-Ms must be an integer of at least 1000' },
    });
  });

  test('ends work that does not heed it, and tells the work', async () => {
    let told: unknown;
    const over = new AbortController();
    const work = (signal: AbortSignal): Promise<never> => {
      signal.addEventListener('abort', () => {
        told = signal.reason;
      });
      return new Promise(() => {});
    };
    await expect(beforeDeadline(performance.now(), over, work)).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' });
    expect(told).toBeInstanceOf(ApiError);
  });
});

describe('errors outside of a route', () => {
  test.each([
    ['/nowhere', ['error', 'detail', 'code', 'request_id']],
    ['/teirra', ['error', 'detail', 'code', 'request_id']],
    ['/tei/nowhere', ['error', 'error_type']],
    ['/v2/nowhere', ['error']],
  ])('%s is answered in the form of its wire', async (path, fields) => {
    const { status, body } = await send(`${service.url}${path}`);
    expect(status).toBe(404);
    expect(Object.keys(body as object)).toEqual(fields);
  });
});
