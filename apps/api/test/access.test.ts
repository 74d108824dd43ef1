import { request as httpRequest } from 'node:http';
import { networkInterfaces } from 'node:os';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openAccess } from '../src/http/access.js';
import { createLog } from '../src/log.js';
import { SCOPES } from '../src/routes/route.js';
import type { Scope } from '../src/routes/route.js';
import { createKey, idOf, runKeys } from './support/keys.js';
import { startTinyService, until } from './support/service.js';
import type { TinyService } from './support/service.js';

interface Answer {
  readonly status: number | undefined;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: string;
}

/** fetch neither lets `Host` be set nor sends what it takes for a wrong header. */
function ask(url: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(url, { method, headers, agent: false }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
      response.on('end', () => resolve({ status: response.statusCode, headers: response.headers, body }));
    });
    request.on('error', reject).end();
  });
}

const bearer = (key: string): Record<string, string> => ({ Authorization: `Bearer ${key}` });
const codeOf = ({ body }: Answer): string => /"(?:code|error_type)":"(\w+)"/.exec(body)?.[1] ?? '';

describe('a route × the state of a key', () => {
  let service: TinyService;
  const keys: Record<string, string> = {};
  beforeAll(async () => {
    service = await startTinyService();
    const dir = service.keysDir;
    for (const scope of SCOPES) keys[scope] = await createKey(dir, '--scopes', scope);
    const [expired, revoked] = [await createKey(dir, '--expires-days', '0'), await createKey(dir)];
    await runKeys(dir, ['revoke', idOf(revoked)]);
    const unknown = `${keys['admin']?.slice(0, -4)}AAAA`;
    Object.assign(keys, { expired, revoked, unknown, 'no key at all': 'secret' });
    await until(async () => (await ask(`${service.url}/model/info`, bearer(keys['predict'] ?? ''))).status === 200);
    await until(async () => (await ask(`${service.url}/model/info`)).status === 401);
  });
  afterAll(() => service[Symbol.asyncDispose]());

  const pathOf = (path: string): string => path.replace(/:\w+/g, 'x');
  /** Whether the doors let a request without a body through: what the route says to it is its own affair. */
  const isLetIn = ({ status }: Answer): boolean => status !== 401 && status !== 403;

  test('open routes look at no key', async () => {
    const open = service.server.routes.filter(({ scope }) => scope === 'open');
    expect(open.map(({ path }) => path)).toEqual(expect.arrayContaining(['/health', '/livez', '/readyz']));
    for (const { method, path } of open) {
      for (const headers of [{}, bearer('secret'), bearer(keys['revoked'] ?? '')]) {
        expect(isLetIn(await ask(service.url + pathOf(path), headers, method)), path).toBe(true);
      }
    }
    for (const path of ['/docs', '/openapi.json']) {
      expect((await ask(service.url + path, bearer('secret'))).status, path).toBe(200);
    }
  });

  test('every other route lets in its own scope alone', async () => {
    const locked = service.server.routes.filter(({ scope }) => scope !== 'open');
    expect(locked.length).toBeGreaterThanOrEqual(3);
    for (const { method, path, scope } of locked) {
      const url = service.url + pathOf(path);
      expect((await ask(url, {}, method)).status, `${path} without a key`).toBe(401);
      for (const [name, key] of Object.entries(keys)) {
        const isOfScope = (SCOPES as readonly string[]).includes(name);
        for (const headers of [bearer(key), { 'X-API-Key': key }]) {
          const answer = await ask(url, headers, method);
          const label = `${method} ${path} with ${name}`;
          if (!isOfScope) expect(answer.status, label).toBe(401);
          else if ((name as Scope) !== scope) expect(answer.status, label).toBe(403);
          else expect(isLetIn(answer), label).toBe(true);
        }
      }
    }
  });

  test('the answers name the code and how to ask', async () => {
    const url = `${service.url}/model/info`;
    const [without, bad, other] = [
      await ask(url),
      await ask(url, bearer('secret')),
      await ask(url, bearer(keys['metrics'] ?? '')),
    ];
    expect([without, bad, other].map(codeOf)).toEqual(['KEY_REQUIRED', 'KEY_INVALID', 'SCOPE_MISSING']);
    expect([without, bad, other].map(({ headers }) => headers['www-authenticate'])).toEqual([
      'Bearer realm="marquee"',
      'Bearer realm="marquee", error="invalid_token"',
      'Bearer realm="marquee", error="insufficient_scope", scope="predict"',
    ]);
  });

  test('two different keys, or another kind of authorization, are bad keys', async () => {
    const good = keys['predict'] ?? '';
    for (const headers of [
      { ...bearer(good), 'X-API-Key': 'secret' },
      { ...bearer('secret'), 'X-API-Key': good },
      { Authorization: `Basic ${Buffer.from(`x:${good}`).toString('base64')}` },
      { Authorization: good },
    ]) {
      expect(codeOf(await ask(`${service.url}/model/info`, headers))).toBe('KEY_INVALID');
    }
    expect((await ask(`${service.url}/model/info`, { ...bearer(good), 'X-API-Key': good })).status).toBe(200);
  });
});

describe('without any key', () => {
  let service: TinyService;
  beforeAll(async () => {
    service = await startTinyService();
  });
  afterAll(() => service[Symbol.asyncDispose]());

  const info = (headers: Record<string, string> = {}) => ask(`${service.url}/model/info`, headers);

  test.each(['localhost', '127.0.0.1:8000', '[::1]:80', 'LOCALHOST:1', 'a.localhost', '127.9.9.9'])(
    'Host %s is served',
    async (host) => {
      expect((await info({ Host: host })).status).toBe(200);
    },
  );

  test.each(['evil.example', '127.0.0.1.evil.example', 'localhost.evil.example:8000', '10.0.0.1', '[::2]', 'a:b:c'])(
    'Host %s is refused: DNS may be made to lead here',
    async (host) => {
      const answer = await info({ Host: host });
      expect([answer.status, codeOf(answer)]).toEqual([403, 'ANONYMOUS_REFUSED']);
    },
  );

  test.each(['X-Forwarded-For', 'X-Forwarded-Proto', 'Forwarded', 'X-Real-IP', 'Via'])(
    'a request with %s is refused: who asks is somewhere else',
    async (name) => {
      expect(codeOf(await info({ [name]: '127.0.0.1' }))).toBe('ANONYMOUS_REFUSED');
    },
  );

  test('a request of a page of another site is refused, unless its origin is listed', async () => {
    await using listed = await startTinyService({}, undefined, ['--cors-origins', 'https://app.example']);
    const ofPage = { 'Sec-Fetch-Site': 'cross-site', Origin: 'https://app.example' };
    const work = async (url: string, headers: Record<string, string>): Promise<string> =>
      codeOf(await ask(`${url}/predict`, headers, 'POST'));
    expect(await work(service.url, ofPage)).toBe('ANONYMOUS_REFUSED');
    expect(await work(listed.url, { ...ofPage, Origin: 'https://evil.example' })).toBe('ANONYMOUS_REFUSED');
    expect(await work(listed.url, ofPage)).toBe('UNSUPPORTED_MEDIA_TYPE'); // let in, to find that there is no body
    expect(await work(service.url, { 'Sec-Fetch-Site': 'same-origin' })).toBe('UNSUPPORTED_MEDIA_TYPE');
    expect((await info({ 'Sec-Fetch-Site': 'cross-site' })).status).toBe(200); // a link, which makes nobody work
  });

  test('a bad key is 401 all the same', async () => {
    expect((await info(bearer('secret'))).status).toBe(401);
  });

  const outside = Object.values(networkInterfaces())
    .flat()
    .find((face) => face?.internal === false && face.family === 'IPv4')?.address;
  test.runIf(outside)('another address of this machine is not loopback', async () => {
    const wide = await startTinyService({}, undefined, [], '0.0.0.0');
    const answer = await ask(`http://${outside}:${wide.port}/model/info`, { Host: 'localhost' });
    await wide[Symbol.asyncDispose]();
    expect(answer.status).toBe(403);
  });
});

describe('a listed Host', () => {
  test('is served to anonymous clients, too, and others are not', async () => {
    await using service = await startTinyService({}, undefined, ['--allowed-hosts', 'marquee.test,10.1.2.3']);
    const statuses = [];
    for (const host of ['marquee.test', 'Marquee.test.:8000', '10.1.2.3', 'localhost', 'other.test']) {
      statuses.push((await ask(`${service.url}/model/info`, { Host: host })).status);
    }
    expect(statuses).toEqual([200, 200, 200, 200, 403]);
  });
});

describe('MARQUEE_ALLOW_ANONYMOUS', () => {
  test('serves any Host and what was forwarded, until there is a key', async () => {
    await using service = await startTinyService({}, undefined, ['--allow-anonymous', 'true', '--host', '0.0.0.0']);
    const headers = { Host: 'marquee.example', 'X-Forwarded-For': '192.0.2.1' };
    expect((await ask(`${service.url}/model/info`, headers)).status).toBe(200);
    const key = await createKey(service.keysDir);
    await until(async () => (await ask(`${service.url}/model/info`, headers)).status === 401);
    expect((await ask(`${service.url}/model/info`, { ...headers, ...bearer(key) })).status).toBe(200);
    await runKeys(service.keysDir, ['revoke', idOf(key)]);
    await until(async () => (await ask(`${service.url}/model/info`, bearer(key))).status === 401);
    expect((await ask(`${service.url}/model/info`)).status).toBe(401);
  });

  test('or a key is what another address than loopback asks for', async () => {
    const log = createLog({ level: 'silent', destination: { write: () => {} } });
    const settings = {
      keysDir: '/nowhere/keys',
      allowAnonymous: false,
      allowedHosts: undefined,
      corsOrigins: undefined,
    };
    for (const host of ['0.0.0.0', '::', '192.0.2.1', 'marquee.example']) {
      await expect(openAccess({ ...settings, host }, log)).rejects.toMatchObject({
        code: 'INVALID_SETTINGS',
        message: expect.stringMatching(
          /^\S+ can be reached .*npm run keys -- create.*MARQUEE_ALLOW_ANONYMOUS=true[^.]*\.$/,
        ),
      });
    }
    for (const host of ['127.0.0.1', 'localhost', '::1', '127.1.2.3']) {
      (await openAccess({ ...settings, host }, log)).close();
    }
  });
});
