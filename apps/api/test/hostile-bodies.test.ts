import { IncomingMessage, request as httpRequest } from 'node:http';
import { Socket, connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { assertMediaType } from '../src/http/json-body.js';
import { post, send, startTinyService } from './support/service.js';
import type { TinyService } from './support/service.js';

let service: TinyService;
beforeAll(async () => {
  service = await startTinyService();
  await post(`${service.url}/predict`, { text: 'good' }); // compiled and warm
});
afterAll(() => service[Symbol.asyncDispose]());

function sendBody(path: string, body: string | Buffer, type: string | null = 'application/json') {
  return send(`${service.url}${path}`, {
    method: 'POST',
    headers: type === null ? {} : { 'Content-Type': type },
    body,
  });
}

const INVALID_SINGLES: readonly (readonly [title: string, body: string, detail: string])[] = [
  ['an empty body', '', 'Request body is not valid JSON'],
  ['cut JSON', '{"text": "good', 'Request body is not valid JSON'],
  ['JSON with something after it', '{"text": "good"} x', 'Request body is not valid JSON'],
  ['NaN', '{"text": NaN}', 'Request body is not valid JSON'],
  ['a literal null', 'null', 'Request body must be a JSON object'],
  ['a string', '"good"', 'Request body must be a JSON object'],
  ['a number', '1', 'Request body must be a JSON object'],
  ['an array', '[{"text":"good"}]', 'Request body must be a JSON object'],
  ['no text', '{}', 'Review text is required'],
  ['a null text', '{"text": null}', 'Review text must be a string'],
  ['a number as text', '{"text": 5}', 'Review text must be a string'],
  ['an array as text', '{"text": ["good"]}', 'Review text must be a string'],
  ['an object as text', '{"text": {"length": 3}}', 'Review text must be a string'],
  ['white space as text', '{"text": " \\t\\n\\u3000"}', 'Review text cannot be empty or whitespace only'],
  ['separators that Python strips', '{"text": "\\u001c\\u0085"}', 'Review text cannot be empty or whitespace only'],
  ['an unknown field', '{"text": "good", "lang": "en"}', 'Unknown field "lang": expected text'],
  ['a __proto__ key', '{"text": "good", "__proto__": {"a": 1}}', 'Unknown field "__proto__": expected text'],
  ['a constructor key', '{"text": "good", "constructor": {}}', 'Unknown field "constructor": expected text'],
  ['a toString key', '{"toString": "good"}', 'Unknown field "toString": expected text'],
];

describe('POST /predict', () => {
  test.each(INVALID_SINGLES)('refuses %s', async (_, body, detail) => {
    const answer = await sendBody('/predict', body);
    expect(answer).toMatchObject({ status: 400, body: { error: 'Validation error', detail } });
  });

  test('refuses 10,001 code points and says how many there were', async () => {
    const detail = 'Review text must have at most 10000 characters, got 10001';
    expect(await post(`${service.url}/predict`, { text: 'a'.repeat(10_001) })).toMatchObject({
      status: 400,
      body: { detail },
    });
    expect(await post(`${service.url}/predict`, { text: '😀'.repeat(10_001) })).toMatchObject({
      status: 400,
      body: { detail },
    });
  });

  test('refuses bytes that are not UTF-8', async () => {
    const body = Buffer.from([...Buffer.from('{"text":"'), 0xff, 0xfe, ...Buffer.from('"}')]);
    expect(await sendBody('/predict', body)).toMatchObject({
      status: 400,
      body: { detail: 'Request body is not valid UTF-8' },
    });
  });

  test('never pollutes a prototype', async () => {
    await sendBody('/predict', '{"__proto__": {"polluted": 1}, "text": "good"}');
    await sendBody('/predict', '{"constructor": {"prototype": {"polluted": 1}}, "text": "good"}');
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });
});

describe('POST /predict/batch', () => {
  test.each([
    ['no reviews', '{}', 'reviews must be an array of review texts'],
    ['null as reviews', '{"reviews": null}', 'reviews must be an array of review texts'],
    ['a string as reviews', '{"reviews": "good"}', 'reviews must be an array of review texts'],
    ['an object as reviews', '{"reviews": {"0": "good", "length": 1}}', 'reviews must be an array of review texts'],
    ['an empty batch', '{"reviews": []}', 'A batch must hold 1 to 32 reviews, got 0'],
    ['33 reviews', JSON.stringify({ reviews: Array(33).fill('good') }), 'A batch must hold 1 to 32 reviews, got 33'],
    ['a blank review', '{"reviews": ["good", " "]}', 'reviews[1]: Review text cannot be empty or whitespace only'],
    ['a null review', '{"reviews": ["good", "bad", null]}', 'reviews[2]: Review text must be a string'],
    ['a nested review', '{"reviews": [["good"]]}', 'reviews[0]: Review text must be a string'],
  ])('refuses %s', async (_, body, detail) => {
    const answer = await sendBody('/predict/batch', body);
    expect(answer).toMatchObject({ status: 400, body: { error: 'Validation error', detail } });
  });
});

describe('media types', () => {
  test.each([
    ['none', null],
    ['a form', 'application/x-www-form-urlencoded'],
    ['plain text', 'text/plain'],
    ['JSON in another charset', 'application/json; charset=utf-16'],
    ['JSON lines', 'application/jsonl'],
  ])('refuses %s with 415', async (_, type) => {
    const answer = await sendBody('/predict', Buffer.from('{"text":"good"}'), type);
    expect(answer).toMatchObject({ status: 415, body: { error: 'Unsupported media type' } });
  });
});

describe('media types of /v2', () => {
  const body = JSON.stringify({ inputs: [{ name: 'text', shape: [1], datatype: 'BYTES', data: ['good'] }] });
  test.each([
    [null, 200],
    ['application/octet-stream', 200],
    ['application/json', 200],
    ['text/plain;charset=UTF-8', 415],
    ['application/x-www-form-urlencoded', 415],
    ['multipart/form-data; boundary=x', 415],
  ])('%s is answered %d', async (type, status) => {
    expect((await sendBody('/v2/models/marquee/infer', Buffer.from(body), type)).status).toBe(status);
  });
});

describe('requests made to fail', () => {
  test.each([
    ['a path that cannot be decoded', '/v2/models/marquee/versions/x%ff', {}, 400],
    ['a range beyond a file', '/docs/swagger-ui.css', { Range: 'bytes=99999999-' }, 200],
    ['a condition on a file', '/docs/swagger-ui.css', { 'If-Match': '"x"' }, 200],
  ])('%s is no fault of the server', async (_, path, headers, status) => {
    const response = await fetch(`${service.url}${path}`, { headers });
    await response.arrayBuffer();
    expect(response.status).toBe(status);
  });

  test('the time for a media type grows with its length, not with the square of it', () => {
    const request = new IncomingMessage(new Socket());
    const fastest = (spaces: number): number => {
      request.headers = { 'content-type': `application/json${' '.repeat(spaces)}x` };
      const times = Array.from({ length: 7 }, () => {
        const startMs = performance.now();
        expect(() => assertMediaType(request, {})).toThrow('Content-Type must be application/json');
        return performance.now() - startMs;
      });
      return Math.min(...times);
    };
    expect(fastest(64_000) / fastest(4_000)).toBeLessThan(16 * 4); // 256 where each space is tried as the end of the type
  });
});

describe('bodies made to hurt', () => {
  const keys = Array.from({ length: 60_000 }, (_, index) => `"k${index}":1`).join(',');
  test.each([
    ['60,000 unknown keys', '/predict/batch', `{${keys}}`, 400],
    ['100,000 levels of arrays', '/predict', '['.repeat(100_000), 400],
    ['20,000 levels of objects', '/predict', `${'{"a":'.repeat(20_000)}1${'}'.repeat(20_000)}`, 400],
    ['a million empty strings', '/predict/batch', `{"reviews":[${'"",'.repeat(1_000_000)}""]}`, 400],
    ['a key of 100 KB', '/predict', `{"${'k'.repeat(100_000)}":1}`, 400],
    ['a number of 100,000 digits', '/predict', `{"text":${'9'.repeat(100_000)}}`, 400],
    ['a single body over 128 KiB', '/predict', `{"text":"${'a'.repeat(131_072)}"}`, 413],
    ['a batch body over 4 MiB', '/predict/batch', `{"reviews":["${'a'.repeat(4_194_304)}"]}`, 413],
  ])('%s is refused at once', async (_, path, body, status) => {
    const startMs = performance.now();
    const answer = await sendBody(path, body);
    // 5 to 35 ms on a quiet machine; without the bounds the worst of these takes seconds. The rest is for busy machines.
    expect(performance.now() - startMs).toBeLessThan(1000);
    expect(answer).toMatchObject({ status, body: { error: expect.any(String), detail: expect.any(String) } });
    expect(JSON.stringify(answer.body).length).toBeLessThan(300);
  });

  test('a chunked body without end is answered 413 and cut off', async () => {
    const status = await new Promise<number | undefined>((resolve, reject) => {
      const chunk = Buffer.alloc(16_384, 'a');
      const request = httpRequest(`${service.url}/predict`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
      });
      let answered: number | undefined;
      const write = (): void => {
        if (!request.destroyed) request.write(chunk, () => setImmediate(write));
      };
      request.on('response', (response) => {
        answered = response.statusCode;
        response.resume();
      });
      request.on('close', () => resolve(answered));
      request.on('error', () => answered ?? reject(new Error('cut off before the answer')));
      write();
    });
    expect(status).toBe(413);
  });

  test('a length that lies upwards is answered before the body comes', async () => {
    const answer = await talk(
      `POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 999999999\r\n\r\n`,
    );
    expect(answer).toMatch(/^HTTP\/1\.1 413 /);
    expect(answer).toContain('Connection: close');
  });

  test('what is not HTTP is answered 400 with the four fields', async () => {
    const answer = await talk('GIVE /me FILMS\r\n\r\n');
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    expect(answer).toMatch(
      /\{"error":"Bad request","detail":"Request is not valid HTTP\/1.1","code":"MALFORMED_HTTP","request_id":"[\w-]{36}"\}$/,
    );
  });

  test('HTTP/1.1 without Host is answered 400 with the four fields and the id', async () => {
    const answer = await talk('GET /health HTTP/1.1\r\nConnection: close\r\n\r\n');
    expect(answer).toMatch(/^HTTP\/1\.1 400 [^]*\r\nX-Request-Id: [\w-]{36}\r\n/);
    expect(answer).toMatch(/\{"error":"Bad request","detail":"Host is required","code":"MALFORMED_HTTP","request_id":/);
    expect(await talk('GET /health HTTP/1.0\r\n\r\n')).toMatch(/^HTTP\/1\.1 200 /);
  });

  test('an expectation that nobody knows is ignored', async () => {
    const head = 'GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n';
    expect(await talk(`${head}Expect: applause\r\n\r\n`)).toMatch(/^HTTP\/1\.1 200 /);
  });

  test('headers over 16 KiB are answered 431 with the four fields', async () => {
    const answer = await talk(`GET /health HTTP/1.1\r\nHost: x\r\nX-Long: ${'a'.repeat(20_000)}\r\n\r\n`);
    expect(answer).toMatch(/^HTTP\/1\.1 431 /);
    expect(answer).toContain('"error":"Request header fields too large"');
  });

  test('the server answers as before afterwards, and nothing was logged', async () => {
    expect((await post(`${service.url}/predict`, { text: 'good' })).status).toBe(200);
    expect(service.log).toEqual([]);
  });
});

/** Everything that the server says to these bytes until it closes the connection. */
function talk(bytes: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = '';
    const socket = connect(service.port, '127.0.0.1', () => socket.write(bytes));
    socket.setEncoding('utf8');
    socket.on('data', (chunk: string) => (answer += chunk));
    socket.on('error', reject);
    socket.on('close', () => resolve(answer));
  });
}
