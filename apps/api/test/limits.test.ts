import { spawn, spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdtemp } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { createKey } from './support/keys.js';
import { send, startTinyService, until } from './support/service.js';

const predict = (url: string, headers: Record<string, string> = {}, text = 'good') =>
  send(`${url}/predict`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...headers },
    body: JSON.stringify({ text }),
  });

const start = (...argv: string[]) => startTinyService({}, undefined, argv);

describe('a limit of requests', () => {
  test('is 429 with Retry-After and tells what is left', async () => {
    await using service = await start('--address-requests-per-minute', '2');
    const first = await predict(service.url);
    expect(first.headers.get('RateLimit-Policy')).toBe('"address-requests";q=2;w=60');
    expect(first.headers.get('RateLimit')).toMatch(/^"address-requests";r=1;t=(?:60|[1-5]?\d)$/);
    expect((await predict(service.url)).headers.get('RateLimit')).toMatch(/^"address-requests";r=0;t=\d+$/);
    const refused = await predict(service.url);
    expect(refused).toMatchObject({ status: 429, body: { error: 'Too many requests', code: 'RATE_LIMITED' } });
    expect(Number(refused.headers.get('Retry-After'))).toBeGreaterThan(0);
    expect(Number(refused.headers.get('Retry-After'))).toBeLessThanOrEqual(60);
    expect((await send(`${service.url}/health`)).status).toBe(200);
  });

  test('counts a wrong key for the address, and keys apart from each other', async () => {
    const keysDir = await mkdtemp(join(tmpdir(), 'marquee-keys-'));
    const [one, two] = [await createKey(keysDir), await createKey(keysDir)];
    await using service = await start(
      ...['--address-requests-per-minute', '5', '--key-requests-per-minute', '1', '--keys-dir', keysDir],
    );
    const ask = async (key: string) => (await predict(service.url, { 'X-API-Key': key })).status;
    expect([await ask('wrong'), await ask(one), await ask(two), await ask(one), await ask('wrong')]).toEqual([
      401, 200, 200, 429, 401,
    ]);
    expect(await ask(two)).toBe(429);
  });

  test('of an address holds for whom a trusted proxy names', async () => {
    await using service = await start(
      ...['--address-requests-per-minute', '1', '--trusted-proxies', '127.0.0.0/8', '--allow-anonymous', 'true'],
    );
    const ask = async (forwarded: string) => (await predict(service.url, { 'X-Forwarded-For': forwarded })).status;
    expect(await ask('192.0.2.1')).toBe(200);
    expect(await ask('192.0.2.1')).toBe(429);
    expect(await ask('203.0.113.9, 192.0.2.1')).toBe(429); // what a client claims is not believed
    expect(await ask('192.0.2.2')).toBe(200);
    expect([await ask('2001:db8::1'), await ask('2001:db8::2'), await ask('2001:db8:0:1::1')]).toEqual([200, 429, 200]);
  });

  test('of an address does not believe X-Forwarded-For of others', async () => {
    await using service = await start('--address-requests-per-minute', '1', '--allow-anonymous', 'true');
    const ask = async (forwarded: string) => (await predict(service.url, { 'X-Forwarded-For': forwarded })).status;
    expect([await ask('192.0.2.1'), await ask('192.0.2.2')]).toEqual([200, 429]);
  });
});

describe('a limit of tokens', () => {
  test('counts a quarter of the bytes of bodies, and tells them as bytes', async () => {
    await using service = await start('--address-tokens-per-minute', '100');
    const first = await predict(service.url, {}, 'good'.padEnd(189, '.')); // 200 bytes with the rest: 50 tokens
    expect(first.status).toBe(200);
    expect(first.headers.get('RateLimit-Policy')).toBe('"address-content";q=400;qu="content-bytes";w=60');
    expect(first.headers.get('RateLimit')).toMatch(/^"address-content";r=200;t=\d+$/);
    expect((await predict(service.url, {}, 'good'.padEnd(189, '.'))).status).toBe(200);
    expect(await predict(service.url)).toMatchObject({ status: 429, body: { code: 'RATE_LIMITED' } });
  });

  test('says so when a request is larger than the limit ever allows', async () => {
    await using service = await start('--address-tokens-per-minute', '10');
    const answer = await predict(service.url, {}, 'x'.repeat(989));
    expect(answer).toMatchObject({
      status: 413,
      body: { detail: 'One address may ask for at most 10 tokens a minute, and this request has 250' },
    });
  });
});

test('without a setting nothing is counted', async () => {
  await using service = await start();
  expect((await predict(service.url)).headers.get('RateLimit')).toBeNull();
});

describe('with Redis', () => {
  const hasRedis = spawnSync('redis-server', ['--version']).status === 0;
  if (!hasRedis) process.stderr.write('limits.test.ts: no redis-server here, so what needs one is skipped\n');
  const servers: ChildProcess[] = [];
  afterEach(() => {
    for (const server of servers.splice(0)) server.kill('SIGKILL');
  });

  async function freePort(): Promise<number> {
    const server = createServer().listen(0, '127.0.0.1');
    await until(() => server.listening);
    const { port } = server.address() as AddressInfo;
    await new Promise((resolve) => server.close(resolve));
    return port;
  }

  async function startRedis(port: number): Promise<ChildProcess> {
    const redis = spawn('redis-server', ['--port', String(port), '--save', '', '--bind', '127.0.0.1'], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    servers.push(redis);
    let output = '';
    redis.stdout.on('data', (chunk) => (output += String(chunk)));
    await until(() => output.includes('Ready to accept connections'));
    return redis;
  }

  test.runIf(hasRedis)('two servers count together, and each for itself while Redis is gone', async () => {
    const port = await freePort();
    const redis = await startRedis(port);
    const url = `redis://127.0.0.1:${port}`;
    const options = ['--address-requests-per-minute', '3', '--redis-url', url, '--log-level', 'info'];
    await using one = await start(...options);
    await using two = await start(...options);
    const ask = async ({ url }: { url: string }) => (await predict(url)).headers.get('RateLimit')?.split(';')[1];
    expect([await ask(one), await ask(two), await ask(one)]).toEqual(['r=2', 'r=1', 'r=0']);
    expect((await predict(two.url)).status).toBe(429);
    redis.kill('SIGKILL');
    await until(() => one.log.some((line) => line.includes('Redis does not answer')));
    expect((await predict(one.url)).status).toBe(200);
    await startRedis(port);
    await until(() => one.log.some((line) => line.includes('Redis answers again')));
  });

  test('a Redis that is not there keeps nobody out', async () => {
    const url = `redis://:hunter2@127.0.0.1:${await freePort()}`;
    await using service = await start('--address-requests-per-minute', '1', '--redis-url', url);
    expect((await predict(service.url)).status).toBe(200);
    expect((await predict(service.url)).status).toBe(429);
    await until(() => service.log.length > 0);
    expect(service.log.join('')).toContain('Redis does not answer');
    expect(service.log.join('')).not.toContain('hunter2');
  });
});
