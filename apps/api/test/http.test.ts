import { once } from 'node:events';
import { mkdtemp } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { LIMITS } from '@marquee/contracts';
import { createKey } from './support/keys.js';
import { send, startTinyService, until } from './support/service.js';
import type { TinyService } from './support/service.js';

const start = (...argv: string[]) => startTinyService({}, undefined, argv);

describe('CORS', () => {
  const ORIGIN = 'https://app.example';
  let service: TinyService;
  beforeAll(async () => {
    const keysDir = await mkdtemp(join(tmpdir(), 'marquee-keys-'));
    await createKey(keysDir);
    service = await start('--cors-origins', `${ORIGIN},http://localhost:5173`, '--keys-dir', keysDir);
  });
  afterAll(() => service[Symbol.asyncDispose]());

  const preflight = (path: string, origin: string) =>
    fetch(service.url + path, {
      method: 'OPTIONS',
      headers: {
        Origin: origin,
        'Access-Control-Request-Method': 'POST',
        'Access-Control-Request-Headers': 'content-type,x-api-key',
      },
    });

  test('answers a preflight before it looks at keys', async () => {
    const { status, headers } = await preflight('/predict', ORIGIN);
    expect(status).toBe(204);
    expect(headers.get('Access-Control-Allow-Origin')).toBe(ORIGIN);
    expect(headers.get('Access-Control-Allow-Methods')).toBe('GET,HEAD,POST');
    expect(headers.get('Access-Control-Allow-Headers')).toMatch(/Authorization.*X-API-Key/);
    expect(headers.get('Vary')).toBe('Origin');
  });

  test.each(['https://evil.example', 'https://app.example.evil.example', 'http://app.example', 'null'])(
    'says nothing to %s',
    async (origin) => {
      expect((await preflight('/predict', origin)).headers.get('Access-Control-Allow-Origin')).toBeNull();
    },
  );

  test('stands on errors, and lets pages read Retry-After and the id', async () => {
    for (const path of ['/model/info', '/nowhere', '/predict']) {
      const { status, headers } = await fetch(service.url + path, { headers: { Origin: ORIGIN } });
      expect(status, path).toBeGreaterThanOrEqual(400);
      expect(headers.get('Access-Control-Allow-Origin'), path).toBe(ORIGIN);
      expect(headers.get('Access-Control-Expose-Headers'), path).toMatch(/Retry-After,X-Request-Id/);
    }
  });

  test('leaves OPTIONS that is no preflight a wrong method', async () => {
    const { status, headers } = await fetch(`${service.url}/predict`, {
      method: 'OPTIONS',
      headers: { Origin: ORIGIN },
    });
    expect([status, headers.get('Allow')]).toEqual([405, 'POST']);
  });

  test('is off unless origins are listed', async () => {
    await using closed = await start();
    const { headers } = await fetch(`${closed.url}/health`, { headers: { Origin: ORIGIN } });
    expect(headers.get('Access-Control-Allow-Origin')).toBeNull();
  });
});

describe('bodies in three encodings', () => {
  let service: TinyService;
  beforeAll(async () => {
    service = await start();
  });
  afterAll(() => service[Symbol.asyncDispose]());

  const sendCoded = (path: string, coding: string, body: Uint8Array<ArrayBuffer> | string) =>
    send(service.url + path, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', 'Content-Encoding': coding },
      body,
    });
  const largest = `{"reviews":[${Array(LIMITS.maxBatchReviews)
    .fill(`"${'\\ud83d\\ude00'.repeat(LIMITS.maxReviewCharacters)}"`)
    .join(',')}]}`;

  test.each([
    ['identity', (body: string) => body],
    ['gzip', gzipSync],
    ['deflate', deflateSync],
    ['br', brotliCompressSync],
    ['GZIP', gzipSync],
  ] as const)('the largest legal batch is answered in %s', async (coding, encode) => {
    const answer = await sendCoded('/predict/batch', coding, encode(largest));
    expect(answer).toMatchObject({ status: 200, body: { total_count: LIMITS.maxBatchReviews } });
  });

  test.each(['compress', 'zstd', 'gzip, br', 'toString', ''])('%s is 415, and says what is taken', async (coding) => {
    const answer = await sendCoded('/predict', coding, 'x');
    expect(answer).toMatchObject({ status: 415, body: { code: 'UNSUPPORTED_MEDIA_TYPE' } });
    expect(answer.headers.get('Accept-Encoding')).toBe('gzip, deflate, br');
  });

  const review = '{"text":"good"}';
  test.each([
    ['what is not gzip', 'gzip', Buffer.from(review)],
    ['gzip that is cut off', 'gzip', gzipSync(review).subarray(0, 20)],
    ['gzip with a wrong checksum', 'gzip', Buffer.concat([gzipSync(review).subarray(0, -8), Buffer.alloc(8)])],
    ['deflate without its frame', 'deflate', deflateRawSync(review)],
    ['brotli that is cut off', 'br', brotliCompressSync(review).subarray(0, 5)],
    ['nothing', 'gzip', Buffer.alloc(0)],
  ])('%s is 400', async (_, coding, body) => {
    const answer = await sendCoded('/predict', coding, new Uint8Array(body));
    expect(answer).toMatchObject({ status: 400, body: { code: 'MALFORMED_BODY' } });
  });

  const bomb = Buffer.alloc(256 * 1024 * 1024, ' ');
  test.each([
    ['gzip', '/predict', gzipSync(bomb)],
    ['gzip', '/predict/batch', gzipSync(bomb)],
    ['deflate', '/predict/batch', deflateSync(bomb)],
    ['br', '/predict', brotliCompressSync(bomb)],
  ] as const)('256 MB of spaces in %s to %s is 413, and never held', async (coding, path, body) => {
    const before = process.memoryUsage();
    const answer = await sendCoded(path, coding, new Uint8Array(body));
    const after = process.memoryUsage();
    expect(answer).toMatchObject({ status: 413, body: { code: 'BODY_TOO_LARGE' } });
    expect(after.rss - before.rss).toBeLessThan(50 * 1024 * 1024);
  });

  test('gzip that decompresses to nothing without end is cut off by what was sent', async () => {
    const empty = gzipSync('');
    const body = Buffer.concat(Array<Buffer>(10_000).fill(empty)); // 200 KB of empty members
    const answer = await sendCoded('/predict', 'gzip', new Uint8Array(body));
    expect(answer.status).toBe(413);
  });
});

describe('a client that waits for 100 Continue', () => {
  /** Resolves with the status, and whether the client was told to go on. */
  const ask = (port: number, headers: Record<string, string>) =>
    new Promise<readonly [status: number | undefined, toldToGoOn: boolean]>((resolve, reject) => {
      let toldToGoOn = false;
      const options = { host: '127.0.0.1', port, path: '/predict', method: 'POST' };
      const request = httpRequest({
        ...options,
        headers: { Expect: '100-continue', 'Content-Length': 15, ...headers },
      });
      request.on('continue', () => {
        toldToGoOn = true;
        request.end('{"text":"good"}');
      });
      request.on('response', (response) => {
        response.resume();
        request.destroy();
        resolve([response.statusCode, toldToGoOn]);
      });
      request.on('error', reject).flushHeaders();
    });

  test('is told to go on only when its body would be read', async () => {
    await using service = await start();
    const json = { 'Content-Type': 'application/json' };
    expect(await ask(service.port, json)).toEqual([200, true]);
    expect(await ask(service.port, { 'Content-Type': 'text/plain' })).toEqual([415, false]);
    expect(await ask(service.port, { ...json, 'Content-Length': '200000' })).toEqual([413, false]);
    expect(await ask(service.port, { ...json, 'X-API-Key': 'wrong' })).toEqual([401, false]);
  });
});

describe('slow clients', () => {
  /** What the server says to these bytes, and how it ends, when nothing follows them. */
  function talk(port: number, bytes: string): Promise<string> {
    return new Promise((resolve, reject) => {
      let answer = '';
      const socket = connect(port, '127.0.0.1', () => socket.write(bytes));
      socket.setEncoding('utf8').on('data', (chunk: string) => (answer += chunk));
      socket.on('error', reject).on('close', () => resolve(answer));
    });
  }

  test('have their time for headers, and for a body', async () => {
    await using service = await start('--headers-timeout-ms', '100', '--body-timeout-ms', '100');
    const [headers, body] = await Promise.all([
      talk(service.port, 'POST /predict HTTP/1.1\r\nHost: localhost\r\n'),
      talk(
        service.port,
        'POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 15\r\n\r\n{"text',
      ),
    ]);
    expect(headers).toMatch(/^HTTP\/1\.1 408 [^]*"code":"REQUEST_TIMEOUT"/);
    expect(body).toMatch(/^HTTP\/1\.1 408 [^]*"detail":"Request body must arrive within 100 ms"/);
    expect(body).toContain('Connection: close');
  });

  test('that send the rest of a request after its 408 are cut off, and it is not served', async () => {
    await using service = await start('--headers-timeout-ms', '100');
    const socket = connect({ port: service.port, host: '127.0.0.1', allowHalfOpen: true });
    socket.write('POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n');
    await once(socket.on('error', () => {}).resume(), 'end');
    socket.write('Content-Length: 15\r\n\r\n{"text":"good"}');
    await until(() => {
      socket.write(' '); // only who writes learns that nobody reads
      return socket.destroyed;
    });
    const metrics = await (await fetch(`${service.url}/metrics`)).text();
    expect(metrics).not.toContain('route="/predict"');
  });
});

describe('security headers', () => {
  test('are strict, and those for TLS are not sent without it', async () => {
    await using service = await start();
    for (const path of ['/health', '/docs', '/nowhere']) {
      const { headers } = await fetch(service.url + path);
      expect(headers.get('Content-Security-Policy')).toBe(
        "default-src 'none';script-src 'self';style-src 'self' 'unsafe-inline';img-src 'self' data:;connect-src 'self';" +
          "base-uri 'none';form-action 'none';frame-ancestors 'none'",
      );
      expect(headers.get('X-Content-Type-Options')).toBe('nosniff');
      expect(headers.get('X-Frame-Options')).toBe('DENY');
      expect(headers.get('Referrer-Policy')).toBe('no-referrer');
      expect(headers.get('Strict-Transport-Security')).toBeNull();
      expect(headers.get('X-Powered-By')).toBeNull();
    }
  });
});
