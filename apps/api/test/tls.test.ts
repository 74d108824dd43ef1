import { once } from 'node:events';
import { copyFile, mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { Agent, request } from 'node:https';
import type { RequestOptions } from 'node:https';
import type { IncomingHttpHeaders } from 'node:http';
import { connect as connectTcp } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createKey } from './support/keys.js';
import { startTinyService, until } from './support/service.js';

// Self-signed, until 2126: openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 36500 -subj /CN=localhost
const fixture = (file: string): string => fileURLToPath(new URL(`fixtures/tls/${file}`, import.meta.url));
/** SHA-256 of the two certificates. */
const ONE = 'F5:DE:BC:80:88:78:AD:FD:21:DC:15:E5:58:01:C8:9F:A1:D6:61:7C:CB:F6:44:0A:69:FE:8D:54:55:E1:85:DF';
const TWO = '80:F1:40:21:11:A6:98:46:E6:C7:0A:D6:B9:71:94:95:D2:E5:F8:FC:B5:E6:5F:1E:AF:84:84:D4:BA:E4:B7:54';

const start = (cert: string, key: string, ...argv: string[]) =>
  startTinyService({}, undefined, ['--tls-cert', cert, '--tls-key', key, ...argv]);

interface SecureAnswer {
  readonly status: number | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  /** Whether it came over a connection that was open before. */
  readonly isReused: boolean;
}

/** Asks a server whose certificate nobody has signed. */
function ask(port: number, path: string, options: RequestOptions = {}): Promise<SecureAnswer> {
  return new Promise((resolve, reject) => {
    const asked = request({ host: '127.0.0.1', port, path, rejectUnauthorized: false, ...options });
    asked.on('response', (answer) => {
      const { statusCode: status, headers } = answer.setEncoding('utf8');
      let body = '';
      answer.on('data', (part: string) => (body += part));
      answer.on('end', () => resolve({ status, headers, body, isReused: asked.reusedSocket }));
    });
    asked.on('error', reject).end();
  });
}

/** SHA-256 of the certificate that a new connection sees. */
function certificateAt(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false }, () => {
      resolve(socket.getPeerCertificate().fingerprint256);
      socket.destroy();
    });
    socket.on('error', reject);
  });
}

describe('TLS', () => {
  test('serves HTTPS with HSTS and upgraded requests', async () => {
    await using service = await start(fixture('one.pem'), fixture('one.key'));
    const { headers } = await ask(service.port, '/health');
    expect(headers['strict-transport-security']).toBe('max-age=31536000');
    expect(headers['content-security-policy']).toMatch(/;upgrade-insecure-requests$/);
    await expect(fetch(`${service.url}/health`)).rejects.toThrow();
  });

  test('tells in /metrics until when its certificate holds', async () => {
    await using service = await start(fixture('one.pem'), fixture('one.key'));
    const { body } = await ask(service.port, '/metrics');
    const [, value] = /^marquee_tls_certificate_expiration_timestamp_seconds (\S+)$/m.exec(body) ?? [];
    expect(Number(value)).toBe(Date.parse('2126-11-04T13:30:11Z') / 1000);
  });

  test.each([
    [
      ['/nowhere/cert.pem', fixture('one.key')],
      /^MARQUEE_TLS_CERT must be a PEM file with a certificate chain, but \/nowhere\/cert\.pem: /,
    ],
    [
      [fixture('one.key'), fixture('one.key')],
      /^MARQUEE_TLS_CERT must be a PEM file with a certificate chain, but \S+one\.key: /,
    ],
    [
      [fixture('one.pem'), fixture('one.pem')],
      /^MARQUEE_TLS_KEY must be a PEM file with a private key without a passphrase, but \S+one\.pem: /,
    ],
    [
      [fixture('one.pem'), fixture('two.key')],
      /^MARQUEE_TLS_KEY must be the key of the certificate \S+one\.pem, got the key of another one in \S+two\.key\.$/,
    ],
  ] as const)('%j stop the start', async ([cert, key], message) => {
    await expect(start(cert, key)).rejects.toMatchObject({
      code: 'INVALID_SETTINGS',
      message: expect.stringMatching(message),
    });
  });
});

describe('a connection that never begins its handshake', () => {
  test('is closed when its time is over', async () => {
    await using service = await start(fixture('one.pem'), fixture('one.key'), '--headers-timeout-ms', '100');
    const silent = connectTcp(service.port, '127.0.0.1');
    const [hadError] = (await once(silent.resume(), 'close')) as [boolean];
    expect(hadError).toBe(false);
    expect(silent.bytesRead).toBe(0);
  });

  test('does not outlast the time to drain', async () => {
    await using service = await start(fixture('one.pem'), fixture('one.key'), '--headers-timeout-ms', '600000');
    const silent = connectTcp(service.port, '127.0.0.1');
    const closed = once(silent.resume(), 'close');
    await ask(service.port, '/livez'); // the server has taken both
    await service.server.close(0);
    await closed;
  });
});

describe('a certificate that is renewed', () => {
  let folder: string;
  let cert: string;
  let key: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'marquee-tls-'));
    cert = join(folder, 'tls.crt');
    key = join(folder, 'tls.key');
    await put('one', 'one');
  });
  afterEach(() => rm(folder, { recursive: true }));

  async function put(certOf: 'one' | 'two', keyOf: 'one' | 'two'): Promise<void> {
    await copyFile(fixture(`${certOf}.pem`), cert);
    await copyFile(fixture(`${keyOf}.key`), key);
  }

  const refusalsIn = (log: readonly string[]) =>
    log.map((line) => JSON.parse(line) as Record<string, unknown>).filter(({ code }) => code === 'TLS_REFUSED');

  test('is what new connections see, and open ones go on', async () => {
    await using service = await start(cert, key);
    expect(await certificateAt(service.port)).toBe(ONE);
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    expect(await ask(service.port, '/livez', { agent })).toMatchObject({ status: 200, isReused: false });
    await put('two', 'two');
    await until(async () => (await certificateAt(service.port)) === TWO);
    expect(await ask(service.port, '/livez', { agent })).toMatchObject({ status: 200, isReused: true });
    expect(service.log).toEqual([]);
    agent.destroy();
  });

  test('is taken whole, though its two files are renamed one after the other', async () => {
    await using service = await start(cert, key);
    await copyFile(fixture('two.pem'), join(folder, 'new.crt'));
    await copyFile(fixture('two.key'), join(folder, 'new.key'));
    await rename(join(folder, 'new.crt'), cert);
    await rename(join(folder, 'new.key'), key);
    await until(async () => (await certificateAt(service.port)) === TWO);
    expect(service.log).toEqual([]);
  });

  test('is found behind the symbolic link that Kubernetes swaps', async () => {
    for (const name of ['one', 'two'] as const) {
      await mkdir(join(folder, `..${name}`));
      await copyFile(fixture(`${name}.pem`), join(folder, `..${name}`, 'tls.crt'));
      await copyFile(fixture(`${name}.key`), join(folder, `..${name}`, 'tls.key'));
    }
    await Promise.all([rm(cert), rm(key)]);
    await symlink('..one', join(folder, '..data'));
    await symlink(join('..data', 'tls.crt'), cert);
    await symlink(join('..data', 'tls.key'), key);
    await using service = await start(cert, key);
    expect(await certificateAt(service.port)).toBe(ONE);
    await symlink('..two', join(folder, '..data_tmp'));
    await rename(join(folder, '..data_tmp'), join(folder, '..data'));
    await until(async () => (await certificateAt(service.port)) === TWO);
    expect(service.log).toEqual([]);
  });

  test.each([
    ['the key of another one', () => put('two', 'one'), /^MARQUEE_TLS_KEY must be the key of the certificate /],
    ['no PEM', () => writeFile(cert, 'renewed'), /^MARQUEE_TLS_CERT must be a PEM file with a certificate chain, but /],
    ['no file', () => rm(key), /^MARQUEE_TLS_KEY must be a PEM file .*ENOENT/],
  ])('leaves the old one when it is %s, and the log says why', async (_, spoil, reason) => {
    await using service = await start(cert, key);
    await spoil();
    await until(() => service.log.length > 0);
    expect(refusalsIn(service.log)).toMatchObject([{ level: 'error', reason: expect.stringMatching(reason) }]);
    expect(await certificateAt(service.port)).toBe(ONE);
    await put('two', 'two');
    await until(async () => (await certificateAt(service.port)) === TWO);
    expect(service.log).toHaveLength(1);
  });

  test('is taken by POST /admin/reload at once', async () => {
    await using service = await start(cert, key);
    const admin = { 'X-API-Key': await createKey(service.keysDir, '--scopes', 'admin') };
    const reload = async () => (await ask(service.port, '/admin/reload', { method: 'POST', headers: admin })).status;
    await put('two', 'one');
    await until(() => refusalsIn(service.log).length === 1); // noticed without being asked to
    await until(async () => (await reload()) === 200); // as soon as the key is known
    expect(refusalsIn(service.log)).toHaveLength(2);
    await put('two', 'two');
    expect(await reload()).toBe(200);
    expect(await certificateAt(service.port)).toBe(TWO);
  });
});
