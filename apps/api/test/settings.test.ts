import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { describeSettingsInMarkdown, resolveSettings } from '../src/settings.js';

const DEFAULTS = { modelDir: '/srv/marquee/artifacts/marquee', keysDir: '/srv/marquee/.marquee/keys' };

function settingsOf(argv: readonly string[], env: Record<string, string> = {}) {
  return resolveSettings({ argv, env, cwd: '/home/ada', defaults: DEFAULTS });
}

describe('two settings that contradict each other', () => {
  test.each([
    [['--tls-cert', 'cert.pem'], 'MARQUEE_TLS_CERT and MARQUEE_TLS_KEY must be set both or neither, got one.'],
    [
      ['--redis-url', 'redis://redis:6379'],
      'MARQUEE_REDIS_URL counts for the limits, of which none is set: set one, such as MARQUEE_KEY_REQUESTS_PER_MINUTE, or leave it out.',
    ],
  ])('%j stop the start', (argv, message) => {
    expect(() => settingsOf(argv)).toThrow(expect.objectContaining({ code: 'INVALID_SETTINGS', message }));
  });
});

describe('lists', () => {
  test.each([
    [
      { MARQUEE_TRUSTED_PROXIES: '10.0.0.0/8, ::1,192.168.1.7' },
      { trustedProxies: ['10.0.0.0/8', '::1', '192.168.1.7'] },
    ],
    [{ MARQUEE_ALLOWED_HOSTS: 'Marquee.example,marquee' }, { allowedHosts: ['marquee.example', 'marquee'] }],
    [
      { MARQUEE_CORS_ORIGINS: 'https://a.example,http://b:8080' },
      { corsOrigins: ['https://a.example', 'http://b:8080'] },
    ],
  ])('%j are read', (env, settings) => {
    expect(settingsOf([], env)).toMatchObject({ settings });
  });
});

describe('settings', () => {
  test('have defaults that serve at once, on this machine only', () => {
    expect(settingsOf([])).toEqual({
      kind: 'serve',
      settings: {
        ...DEFAULTS,
        port: 8000,
        host: '127.0.0.1',
        device: 'auto',
        graph: 'auto',
        allowAnonymous: false,
        headersTimeoutMs: 10_000,
        bodyTimeoutMs: 20_000,
        keepAliveTimeoutMs: 65_000,
        requestTimeoutMs: 30_000,
        drainTimeoutMs: 20_000,
        maxQueueReviews: 1024,
        maxQueueTokens: 262_144,
        logLevel: 'info',
      },
    });
  });

  test('come from the environment', () => {
    const env = {
      MARQUEE_MODEL: '/models/a',
      PORT: '9000',
      HOST: '::1',
      MARQUEE_DEVICE: 'cpu',
      MARQUEE_GRAPH: 'fp32',
      MARQUEE_PROCESSES: '3',
      MARQUEE_THREADS: '2',
    };
    expect(settingsOf([], env)).toMatchObject({
      settings: {
        modelDir: '/models/a',
        port: 9000,
        host: '::1',
        device: 'cpu',
        graph: 'fp32',
        processes: 3,
        threads: 2,
      },
    });
  });

  test('on the command line win over the environment', () => {
    const env = { MARQUEE_MODEL: '/models/a', PORT: '9000' };
    expect(settingsOf(['--model', '/models/b', '--port=0'], env)).toMatchObject({
      settings: { modelDir: '/models/b', port: 0 },
    });
  });

  test('take a relative model from where the user stands', () => {
    expect(settingsOf(['--model', 'runs/best'])).toMatchObject({ settings: { modelDir: '/home/ada/runs/best' } });
    expect(settingsOf([], { MARQUEE_MODEL: '../best' })).toMatchObject({ settings: { modelDir: '/home/best' } });
  });

  test('treat an empty variable as absent', () => {
    expect(settingsOf([], { PORT: '', HOST: '', MARQUEE_MODEL: '' })).toMatchObject({
      settings: { port: 8000, host: '127.0.0.1' },
    });
  });

  test('--help describes each of them', () => {
    const request = settingsOf(['--help']);
    const text = request.kind === 'help' ? request.text : '';
    for (const name of ['--model, MARQUEE_MODEL', '--port, PORT', '--host, HOST', '--keys-dir, MARQUEE_KEYS_DIR']) {
      expect(text).toContain(`  ${name}\n`);
    }
  });

  test('stand in the operator’s guide as in the table', async () => {
    const guide = await readFile(new URL('../../../docs/serving.md', import.meta.url), 'utf8');
    expect(guide).toContain(describeSettingsInMarkdown());
  });

  test.each([
    [['--port', '65536'], {}, '--port must be an integer from 0 to 65535, got "65536".'],
    [[], { PORT: '80a' }, 'PORT must be an integer from 0 to 65535, got "80a".'],
    [[], { HOST: 'a b' }, 'HOST must be an address or a host name, got "a b".'],
    [[], { MARQUEE_DEVICE: 'gpu' }, 'MARQUEE_DEVICE must be one of auto, cpu, cuda, got "gpu".'],
    [['--graph', 'int4'], {}, '--graph must be one of auto, int8, fp32, got "int4".'],
    [['--threads', '0'], {}, '--threads must be an integer from 1 to 256, got "0".'],
    [['--model', ''], {}, '--model must be a folder, got "".'],
    [['--allow-anonymous', 'yes'], {}, '--allow-anonymous must be true or false, got "yes".'],
    [
      [],
      { MARQUEE_TRUSTED_PROXIES: '10.0.0.0/33' },
      'MARQUEE_TRUSTED_PROXIES must be addresses or networks such as 10.0.0.0/8 (but not /0), with commas between, got "10.0.0.0/33".',
    ],
    [
      [],
      { MARQUEE_TRUSTED_PROXIES: '0.0.0.0/0' },
      'MARQUEE_TRUSTED_PROXIES must be addresses or networks such as 10.0.0.0/8 (but not /0), with commas between, got "0.0.0.0/0".',
    ],
    [
      [],
      { MARQUEE_CORS_ORIGINS: '*' },
      'MARQUEE_CORS_ORIGINS must be exact origins such as https://app.example.com, with commas between, got "*".',
    ],
    [
      [],
      { MARQUEE_REDIS_URL: 'https://:hunter2@redis' },
      'MARQUEE_REDIS_URL must be an address such as redis://redis:6379 or rediss://user:password@redis:6379/0, got something else.',
    ],
    [
      [],
      { MARQUEE_DRAIN_TIMEOUT_MS: '20' },
      'MARQUEE_DRAIN_TIMEOUT_MS must be an integer from 1000 to 600000, got "20".',
    ],
    [
      [],
      { MARQUEE_MAX_QUEUE_REVIEWS: '0' },
      'MARQUEE_MAX_QUEUE_REVIEWS must be an integer from 1 to 1000000000, got "0".',
    ],
    [['--max-queue-tokens', '256k'], {}, '--max-queue-tokens must be an integer from 1 to 1000000000, got "256k".'],
    [['--modell', 'x'], {}, "Unknown option '--modell': --help lists the options."],
  ])('%j %j stop the start with the name and what was expected', (argv, env, message) => {
    expect(() => settingsOf(argv, env)).toThrow(expect.objectContaining({ code: 'INVALID_SETTINGS', message }));
  });
});
