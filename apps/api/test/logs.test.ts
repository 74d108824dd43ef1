import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { parseTraceparent } from '../src/http/trace-context.js';
import { createKey, idOf } from './support/keys.js';
import { send, startTinyService, until } from './support/service.js';

const TRACE = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

describe('traceparent', () => {
  test.each([
    [TRACE, TRACE],
    [
      'cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more',
      'cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
    ],
    [`${TRACE}-more`, undefined],
    [TRACE.toUpperCase(), undefined],
    [`ff${TRACE.slice(2)}`, undefined],
    [`00-${'0'.repeat(32)}-b7ad6b7169203331-01`, undefined],
    [`00-0af7651916cd43dd8448eb211c80319c-${'0'.repeat(16)}-01`, undefined],
    ['a secret', undefined],
    [undefined, undefined],
  ])('%s is read as W3C Trace Context has it', (header, expected) => {
    expect(parseTraceparent(header)).toBe(expected);
  });
});

test('a line a request: id, trace, route, status, time, who', async () => {
  await using service = await startTinyService({}, undefined, ['--log-level', 'info']);
  const headers = { 'Content-Type': 'application/json', 'X-Request-Id': 'abc-1', traceparent: TRACE };
  await send(`${service.url}/predict`, { method: 'POST', headers, body: '{"text":"good"}' });
  await send(`${service.url}/health`);
  await send(`${service.url}/nowhere`);
  await until(() => service.log.length >= 2);
  const [predict, nowhere] = service.log.map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(predict).toEqual({
    level: 'info',
    time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
    request_id: 'abc-1',
    traceparent: TRACE,
    method: 'POST',
    route: '/predict',
    status: 200,
    duration_ms: expect.any(Number),
    client: '127.0.0.1',
    principal: 'anonymous',
    msg: 'request',
  });
  expect(nowhere).toMatchObject({ status: 404, method: 'GET', request_id: expect.stringMatching(/^[\w-]{36}$/) });
});

test('neither a key nor a review ever comes into the log or an answer’s error', async () => {
  const keysDir = await mkdtemp(join(tmpdir(), 'marquee-keys-'));
  const key = await createKey(keysDir);
  const secret = key.slice(16);
  const review = 'zanzibarquokka';
  await using service = await startTinyService({}, undefined, ['--log-level', 'debug', '--keys-dir', keysDir]);
  const json = { 'Content-Type': 'application/json', 'X-API-Key': key };
  const text = JSON.stringify({ text: review });
  const requests: readonly (readonly [path: string, init: RequestInit])[] = [
    ['/predict', { method: 'POST', headers: json, body: text }],
    ['/predict', { method: 'POST', headers: { ...json, 'X-API-Key': `${key}x` }, body: text }],
    [
      '/predict',
      { method: 'POST', headers: { 'Content-Type': 'application/json', Authorization: `Basic ${key}` }, body: text },
    ],
    ['/predict', { method: 'POST', headers: json, body: `{"text": "${review}` }],
    ['/predict', { method: 'POST', headers: json, body: `{"text": "${review}", "key": "${key}"}` }],
    ['/predict', { method: 'POST', headers: json, body: JSON.stringify({ text: [review, key] }) }],
    ['/predict', { method: 'POST', headers: json, body: JSON.stringify({ text: `${review}${key}`.repeat(1000) }) }],
    ['/predict', { method: 'POST', headers: { ...json, 'Content-Type': review }, body: text }],
    ['/predict', { method: 'POST', headers: { ...json, 'Content-Encoding': review }, body: text }],
    ['/predict', { method: 'POST', headers: { ...json, 'Content-Encoding': 'gzip' }, body: text }],
    [
      '/predict',
      { method: 'POST', headers: { ...json, 'Content-Encoding': 'gzip' }, body: new Uint8Array(gzipSync(text)) },
    ],
    ['/predict', { method: 'POST', headers: { ...json, 'X-Request-Timeout-Ms': review }, body: text }],
    ['/predict', { method: 'POST', headers: { ...json, 'X-Request-Id': key, traceparent: review }, body: text }],
    ['/predict', { method: 'POST', headers: { ...json, 'X-Request-Id': `${review} ${key}` }, body: text }],
    [`/predict?key=${key}&text=${review}`, { method: 'POST', headers: json, body: text }],
    [`/predict/${review}/${key}`, { headers: json }],
    [`/model/info?text=${review}`, { headers: { Authorization: `Bearer ${key}` } }],
    ['/predict/batch', { method: 'POST', headers: json, body: JSON.stringify({ reviews: [review, ''] }) }],
    ['/predict/batch', { method: 'DELETE', headers: { ...json, 'X-Forwarded-For': `${review}, ${key}` } }],
  ];
  let requestIds = 0;
  for (const [path, init] of requests) {
    const { status, body, headers } = await send(service.url + path, init);
    if (headers.get('X-Request-Id') !== null) requestIds++;
    if (status >= 400) expect(JSON.stringify(body), `${path} ${status}`).not.toMatch(new RegExp(`${review}|${secret}`));
  }
  expect(requestIds).toBe(requests.length);
  await until(() => service.log.filter((line) => line.includes('"msg":"request"')).length === requests.length);
  const log = service.log.join('');
  expect(log).not.toContain(secret);
  expect(log).not.toContain(review);
  expect(log).toContain(`"principal":"${idOf(key)}"`);
  await rm(keysDir, { recursive: true });
});
