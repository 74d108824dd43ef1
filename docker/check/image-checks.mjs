import { join } from 'node:path';

import { root } from '../../scripts/root.mjs';
import { ANONYMOUS, HARDENED, post, predict, refusalOf, serve, start } from './container.mjs';
import { docker, inspect, run, until } from './engine.mjs';
import { expect, expectEqual } from './expect.mjs';
import { memoryOf, ROOM } from './inside.mjs';

/** 10⁶ bytes, as `docker images` counts. */
const MB = 1e6;
const MAX_ADDED_MB = 200;

/**
 * Sum of the layers, as they lie on disk.
 * @param {string} image
 * @returns {Promise<number[]>} bytes of each layer, newest first
 */
async function layerSizes(image) {
  return (await docker('history', '--human=false', '--format', '{{.Size}}', image)).split('\n').map(Number);
}

/** @type {import('./main.mjs').Check} */
const size = {
  name: `adds at most ${MAX_ADDED_MB} MB to its base`,
  async run({ image, base }) {
    // BuildKit keeps what it builds from to itself.
    if ((await run('docker', ['image', 'inspect', base])).code !== 0) await docker('pull', base);
    const layers = await layerSizes(image);
    const added = layers
      .slice(0, layers.length - (await layerSizes(base)).length)
      .reduce((sum, bytes) => sum + bytes, 0);
    expect(added <= MAX_ADDED_MB * MB, `expected at most ${MAX_ADDED_MB} MB, got ${Math.round(added / MB)}`);
    return `${Math.round(added / MB)} MB`;
  },
};

/** @type {import('./main.mjs').Check} */
const configuration = {
  name: 'runs node itself, as a user without rights, and says how to ask for its health',
  async run({ image }) {
    const { Entrypoint, User, Healthcheck, Labels } = await inspect(image, '.Config');
    expectEqual('user', User, '1000:1000');
    expectEqual('first word of the entry point', Entrypoint[0], 'node');
    expectEqual('first words of the health check', Healthcheck.Test.slice(0, 2), ['CMD', 'node']);
    for (const name of ['title', 'description', 'licenses', 'version', 'revision']) {
      expect(Boolean(Labels[`org.opencontainers.image.${name}`]), `label ${name} is missing`);
    }
    return '';
  },
};

/** @type {import('./main.mjs').Check} */
const contents = {
  name: 'holds what serves, and nothing to build with',
  async run({ image }) {
    const found = JSON.parse(
      await docker('run', '--rm', '--entrypoint', 'node', image, '--input-type=module', '--eval', ROOM),
    );
    expectEqual('programs that build', found.tools, []);
    expectEqual('sources', found.sources, []);
    expectEqual('ONNX Runtime binaries', found.runtimes.length, 1);
    expectEqual('what the user may write under /app', found.writable, ['/app/keys']);
    return `${found.packages} packages`;
  },
};

/** @type {import('./main.mjs').Check} */
const refusal = {
  name: 'refuses to serve a network without keys, in a sentence with both ways out',
  async run({ image }) {
    const sentence = await refusalOf(await start(image));
    expectEqual('lines on stderr', sentence.split('\n').length, 1);
    for (const word of ['keys', 'MARQUEE_ALLOW_ANONYMOUS=true']) {
      expect(sentence.includes(word), `expected a sentence with "${word}", got: ${sentence}`);
    }
    return sentence;
  },
};

/** @type {import('./main.mjs').Check} */
const keys = {
  name: 'makes keys in a volume and asks for them',
  async run({ image, name }) {
    const volume = ['--volume', `${name}-keys:/app/keys`];
    try {
      const created = await docker(
        'run',
        '--rm',
        ...volume,
        image,
        'keys',
        'create',
        '--name',
        'check',
        '--scopes',
        'predict',
      );
      const key = /^mq_\S+$/m.exec(created)?.[0] ?? '';
      expect(key !== '', 'expected a key on stdout');
      const { id, url } = await serve(image, ...volume, ...HARDENED);
      expectEqual('status without a key', (await predict(url, 'A triumph.')).status, 401);
      expectEqual('status with the key', (await predict(url, 'A triumph.', { 'x-api-key': key })).status, 200);
      const { stdout, stderr } = await run('docker', ['logs', id]);
      expect(!`${stdout}${stderr}`.includes(key), 'the key stands in the log');
      await docker('rm', '--force', id);
    } finally {
      await run('docker', ['volume', 'rm', '--force', `${name}-keys`]);
    }
    return '';
  },
};

/** @type {import('./main.mjs').Check} */
const serving = {
  name: 'serves with a read-only root and no capabilities, healthy, as process 1',
  async run({ image }) {
    const begun = performance.now();
    const { id, url } = await serve(image, ...HARDENED, ...ANONYMOUS);
    const seconds = ((performance.now() - begun) / 1000).toFixed(1);
    const { status, body } = await predict(url, 'A triumph from start to finish. I loved every minute.');
    expectEqual('status', status, 200);
    expectEqual('sentiment', body.sentiment, 'positive');
    for (const path of ['/docs', '/docs/swagger-ui-bundle.js', '/redoc', '/openapi.json', '/model/info']) {
      expectEqual(`status of ${path}`, (await fetch(`${url}${path}`)).status, 200);
    }
    expectEqual('process 1', await docker('exec', id, 'readlink', '/proc/1/exe'), '/usr/local/bin/node');
    await until('healthy', 60, async () =>
      (await inspect(id, '.State.Health.Status')) === 'healthy' ? true : undefined,
    );
    const { megabytes, processes } = await memoryOf(id);
    return `ready in ${seconds} s, ${megabytes} MB in ${processes} processes`;
  },
};

/** @type {import('./main.mjs').Check} */
const stopping = {
  name: 'finishes the work in hand on SIGTERM and exits 0',
  async run({ image }) {
    const { id, url } = await serve(image, ...HARDENED, ...ANONYMOUS);
    const reviews = Array.from(
      { length: 32 },
      (_, index) => `Review ${index}. ${'A long and winding film, well made. '.repeat(60)}`,
    );
    const answer = post(`${url}/predict/batch`, { reviews });
    await until('work in hand', 30, async () => ((await memoryOf(id)).running > 0 ? true : undefined));
    const begun = performance.now();
    await docker('stop', '--time', '35', id);
    const seconds = ((performance.now() - begun) / 1000).toFixed(1);
    expectEqual('status of the request in hand', (await answer).status, 200);
    expectEqual('exit code', await inspect(id, '.State.ExitCode'), 0);
    return `${seconds} s with ${reviews.length} reviews in hand`;
  },
};

/** @type {import('./main.mjs').Check} */
const mounted = {
  name: 'serves a model mounted at /app/models, and refuses a folder without one',
  async run({ image }) {
    const model = join(root, 'artifacts/marquee');
    for (const path of ['models', 'models/final_model']) {
      const { id, url } = await serve(image, ...ANONYMOUS, '--volume', `${model}:/app/${path}:ro`);
      const info = /** @type {{ model_path: string }} */ (await (await fetch(`${url}/model/info`)).json());
      expectEqual('model_path', info.model_path, path);
      await docker('rm', '--force', id);
    }
    const sentence = await refusalOf(
      await start(image, ...ANONYMOUS, '--volume', `${join(root, 'docs')}:/app/models:ro`),
    );
    expect(sentence.includes('/app/models'), `expected a sentence with /app/models, got: ${sentence}`);
    return '';
  },
};

export const IMAGE_CHECKS = [size, configuration, contents, refusal, keys, serving, stopping, mounted];
