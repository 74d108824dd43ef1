import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';

/** A request that no client of good will sends. */
export interface HostileRequest {
  readonly name: string;
  /** From the request line to the empty line, without Host. */
  readonly head: readonly string[];
  /** Sent in pieces until there is an answer. */
  readonly body: () => Iterable<Uint8Array>;
}

const MEGABYTE = 1024 * 1024;
const JSON_TYPE = 'Content-Type: application/json';

/** Each is to be answered 4xx, at once, and to cost no memory to speak of. */
export function hostileRequests(): HostileRequest[] {
  return [...malformed(), ...unlawful(), ...oversized(), ...compressed(), ...misaddressed(), ...notHttp()];
}

function malformed(): HostileRequest[] {
  return [
    post('no JSON', '/predict', '{"text": "a'),
    post('literal null', '/predict', 'null'),
    post('an array', '/predict', '[]'),
    post('an empty body', '/predict', ''),
    post('arrays nested 50,000 deep', '/predict', '['.repeat(50_000)),
    post('arrays nested 2,000,000 deep in a batch', '/predict/batch', `{"reviews": ${'['.repeat(2_000_000)}`),
    post('objects nested 20,000 deep', '/predict', '{"a":'.repeat(20_000)),
    post('10,000 unknown keys', '/predict', JSON.stringify(manyKeys(10_000))),
    post('300,000 unknown keys in a batch', '/predict/batch', JSON.stringify(manyKeys(300_000))),
    post('a number of 100,000 digits', '/predict', `{"text": ${'9'.repeat(100_000)}}`),
    post('a number of 4,000,000 digits in a batch', '/predict/batch', `{"reviews": [${'9'.repeat(4_000_000)}]}`),
    post('bytes that are not UTF-8', '/predict', Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x3a, 0x31, 0x7d])),
    post('the key __proto__', '/predict', '{"text": "good", "__proto__": {"text": "bad"}}'),
    post('the key constructor', '/predict', '{"text": "good", "constructor": {"prototype": {}}}'),
  ];
}

const manyKeys = (count: number): object => Object.fromEntries(Array.from({ length: count }, (_, i) => [`k${i}`, 0]));

function unlawful(): HostileRequest[] {
  return [
    post('a field that is not known', '/predict', '{"text": "good", "temperature": 2}'),
    post('a text that is a number', '/predict', '{"text": 7}'),
    post('an empty text', '/predict', '{"text": ""}'),
    post('white space', '/predict', JSON.stringify({ text: '\u00a0\u2003'.repeat(5000) })),
    post('10,001 characters', '/predict', JSON.stringify({ text: 'a'.repeat(10_001) })),
    post('a batch of none', '/predict/batch', '{"reviews": []}'),
    post('a batch of 33', '/predict/batch', JSON.stringify({ reviews: Array.from({ length: 33 }, () => 'a') })),
    post('a batch of 1,900,000', '/predict/batch', `{"reviews": [${'0,'.repeat(1_900_000)}0]}`),
    post('a batch of one that is too long', '/predict/batch', JSON.stringify({ reviews: ['a'.repeat(4_000_000)] })),
  ];
}

function oversized(): HostileRequest[] {
  return [
    post('128 KiB and one byte', '/predict', ' '.repeat(128 * 1024 + 1)),
    post('16 MiB', '/predict', Buffer.alloc(16 * MEGABYTE, 'a')),
    post('16 MiB in a batch', '/predict/batch', Buffer.alloc(16 * MEGABYTE, 'a')),
    {
      name: 'a body said to have 1 GB',
      head: ['POST /predict HTTP/1.1', JSON_TYPE, 'Content-Length: 1000000000'],
      body: () => [Buffer.from('{')],
    },
    {
      name: 'chunks without an end',
      head: ['POST /predict/batch HTTP/1.1', JSON_TYPE, 'Transfer-Encoding: chunked'],
      body: endlessChunks,
    },
    {
      name: 'headers of 64 KB',
      head: ['GET /health HTTP/1.1', `X-Long: ${'a'.repeat(64_000)}`],
      body: () => [],
    },
  ];
}

function* endlessChunks(): Generator<Uint8Array> {
  const chunk = Buffer.concat([Buffer.from('10000\r\n'), Buffer.alloc(0x10000, ' '), Buffer.from('\r\n')]);
  for (;;) yield chunk;
}

function compressed(): HostileRequest[] {
  // A gzip file may have several members: one gigabyte of zeros without compressing as much.
  const member = gzipSync(Buffer.alloc(16 * MEGABYTE), { level: 9 });
  const gigabyte = Buffer.concat(Array.from({ length: 64 }, () => member));
  const json = gzipSync(JSON.stringify({ text: 'a'.repeat(32 * MEGABYTE) }));
  return [
    post('32 MiB of JSON in 32 KB of gzip', '/predict', json, 'gzip'),
    post('1 GiB in 1 MB of gzip in a batch', '/predict/batch', gigabyte, 'gzip'),
    post('16 MiB in deflate', '/predict', deflateSync(Buffer.alloc(16 * MEGABYTE)), 'deflate'),
    post('16 MiB in brotli', '/predict', brotliCompressSync(Buffer.alloc(16 * MEGABYTE)), 'br'),
    post('gzip that is none', '/predict', '{"text": "good"}', 'gzip'),
    post('gzip that is cut off', '/predict', gzipSync('{"text": "good"}').subarray(0, 20), 'gzip'),
    post('gzip twice', '/predict', gzipSync(gzipSync('{"text": "good"}')), 'gzip, gzip'),
    post('an encoding that is not known', '/predict', '{"text": "good"}', 'rot13'),
  ];
}

function misaddressed(): HostileRequest[] {
  const body = Buffer.from('{"text": "good"}');
  const length = `Content-Length: ${body.length}`;
  return [
    { name: 'no content type', head: ['POST /predict HTTP/1.1', length], body: () => [body] },
    { name: 'XML', head: ['POST /predict HTTP/1.1', 'Content-Type: text/xml', length], body: () => [body] },
    {
      name: 'a charset that is not UTF-8',
      head: ['POST /predict HTTP/1.1', `${JSON_TYPE}; charset=utf-16`, length],
      body: () => [body],
    },
    { name: 'GET of a route that wants POST', head: ['GET /predict HTTP/1.1'], body: () => [] },
    { name: 'DELETE', head: ['DELETE /predict HTTP/1.1'], body: () => [] },
    { name: 'no such path', head: ['GET /nowhere HTTP/1.1'], body: () => [] },
    { name: 'a path out of the root', head: ['GET /../../etc/passwd HTTP/1.1'], body: () => [] },
    { name: 'a path that does not decode', head: ['GET /%ff%00 HTTP/1.1'], body: () => [] },
  ];
}

function notHttp(): HostileRequest[] {
  const body = Buffer.from('{"text": "good"}');
  return [
    { name: 'not HTTP', head: ['GIVE /me FILMS'], body: () => [] },
    {
      name: 'two lengths',
      head: ['POST /predict HTTP/1.1', JSON_TYPE, 'Content-Length: 16', 'Content-Length: 17'],
      body: () => [body],
    },
    {
      name: 'length and chunks',
      head: ['POST /predict HTTP/1.1', JSON_TYPE, 'Content-Length: 16', 'Transfer-Encoding: chunked'],
      body: () => [body],
    },
  ];
}

function post(name: string, path: string, content: string | Uint8Array, encoding?: string): HostileRequest {
  const bytes = typeof content === 'string' ? Buffer.from(content) : content;
  const head = [`POST ${path} HTTP/1.1`, JSON_TYPE, `Content-Length: ${bytes.length}`];
  return {
    name,
    head: encoding === undefined ? head : [...head, `Content-Encoding: ${encoding}`],
    body: () => pieces(bytes),
  };
}

function* pieces(bytes: Uint8Array): Generator<Uint8Array> {
  for (let start = 0; start < bytes.length; start += 65_536) yield bytes.subarray(start, start + 65_536);
}
