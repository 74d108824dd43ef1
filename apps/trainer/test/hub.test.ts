import { createHash } from 'node:crypto';
import { existsSync, readlinkSync } from 'node:fs';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { beforeAll, beforeEach, describe, expect, test } from 'vitest';

import { findModelFolder } from '../src/hub/hub-model.js';
import { isHubName } from '../src/hub/hub-name.js';
import { type HubSettings, readHubSettings } from '../src/hub/hub-settings.js';
import type { CountProgress } from '../src/progress.js';
import { readRunRecord } from '../src/tracking/run-record.js';
import { startMain } from './support/child.js';
import { closedEndpoint } from './support/closed-endpoint.js';
import { COMMIT, type HubServer, startHub } from './support/hub-server.js';
import { temporaryFolder } from './support/temporary-folder.js';
import { writeTinyModel } from './support/tiny-model.js';
import { tinyRows, writeCsv } from './support/tiny-reviews.js';
import { observe } from './support/tiny-training.js';

const NAME = 'someone/tiny-bert';
const FILES = ['config.json', 'model.safetensors', 'tokenizer.json', 'tokenizer_config.json', 'vocab.txt'];

let base: string;
let weights: Buffer;
beforeAll(async () => {
  base = await writeTinyModel(join(await temporaryFolder(), 'base'));
  await writeFile(join(base, 'pytorch_model.bin'), 'the same weights in another format');
  weights = await readFile(join(base, 'model.safetensors'));
});

let server: HubServer;
let hub: HubSettings;
beforeEach(async () => {
  server = await startHub(base, NAME);
  hub = { endpoint: server.endpoint, cacheDir: await temporaryFolder(), offline: false };
});

/** What the last call of `find` said. */
let said: readonly string[] = [];
function find(changes: Partial<HubSettings> = {}, revision = 'main', name = NAME): Promise<string> {
  const { lines, progress } = observe();
  said = lines;
  return findModelFolder({ modelNameOrPath: name, modelRevision: revision }, { hub: { ...hub, ...changes }, progress });
}

async function refusal(changes: Partial<HubSettings> = {}, revision = 'main', name = NAME): Promise<Error> {
  return (await find(changes, revision, name).catch((thrown: unknown) => thrown)) as Error;
}

const inCache = (...names: string[]): string => join(hub.cacheDir, 'models--someone--tiny-bert', ...names);
const filesRequested = (): string[] => server.requests.filter((request) => request.includes('/resolve/'));

const TROUBLES = { 500: 'has trouble', 503: 'has trouble', 429: 'was asked too often' } as const;

describe('a model of the hub', () => {
  test('is downloaded into the cache that other tools use: blobs, a snapshot of links, a ref', async () => {
    const folder = await find();
    expect(folder).toBe(inCache('snapshots', COMMIT));
    expect((await readdir(folder)).sort()).toEqual(['LICENSE', ...FILES]);
    expect(await readFile(join(folder, 'model.safetensors'))).toEqual(weights);
    expect(readlinkSync(join(folder, 'config.json'))).toMatch(/^\.\.\/\.\.\/blobs\/[0-9a-f]{40}$/);
    expect(readlinkSync(join(folder, 'model.safetensors'))).toMatch(/^\.\.\/\.\.\/blobs\/[0-9a-f]{64}$/);
    expect(await readFile(inCache('refs', 'main'), 'utf8')).toBe(COMMIT);
    expect(await readdir(inCache('blobs'))).toHaveLength(6);
  });

  test('is asked for by its commit only once, and a branch each time by one request', async () => {
    await find();
    server.requests.length = 0;
    await find();
    expect(server.requests).toEqual([`GET /api/models/${NAME}/revision/main`]);
    server.requests.length = 0;
    expect(await find({}, COMMIT)).toBe(inCache('snapshots', COMMIT));
    expect(server.requests).toEqual([]);
  });

  test('of a revision with slashes keeps its ref', async () => {
    await find({}, 'refs/pr/1');
    expect(await readFile(inCache('refs', 'refs', 'pr', '1'), 'utf8')).toBe(COMMIT);
  });

  test('is taken from the cache offline, and when the hub cannot be reached', async () => {
    const folder = await find();
    const endpoint = await closedEndpoint();
    expect(await find({ offline: true, endpoint })).toBe(folder);
    expect(await find({ endpoint })).toBe(folder);
    const reason = `connect ECONNREFUSED ${endpoint.replace('http://', '')}`;
    expect(said).toEqual([
      `${endpoint} cannot be reached (${reason}): taking ${NAME} from the cache, as it was at commit ${COMMIT.slice(0, 12)}`,
    ]);
  });

  test('is taken from the cache when the hub has trouble of its own, or was asked too often', async () => {
    const folder = await find();
    for (const status of [500, 503, 429] as const) {
      server.misbehave({ status });
      expect(await find()).toBe(folder);
      expect(said).toEqual([
        `${hub.endpoint} ${TROUBLES[status]} (it answered ${status}): taking ${NAME} from the cache, as it was at commit ${COMMIT.slice(0, 12)}`,
      ]);
    }
  });

  test('is not taken from the cache when the hub answers that there is none', async () => {
    await find();
    server.misbehave({ status: 404 });
    expect(await refusal()).toMatchObject({ code: 'INVALID_MODEL' });
  });
});

describe('the token', () => {
  const stored = async (text: string): Promise<string> => {
    const tokenPath = join(await temporaryFolder(), 'token');
    await writeFile(tokenPath, text);
    return tokenPath;
  };
  const sent = (): Set<string | undefined> => new Set(server.authorizations);

  test('that hf auth login stored is sent with every request', async () => {
    await find({ tokenPath: await stored('hf_stored\n') });
    expect(sent()).toEqual(new Set(['Bearer hf_stored']));
  });

  test('that is given comes before the stored one, and need not begin as those of the public hub', async () => {
    await find({ token: ' given\n', tokenPath: await stored('hf_stored') });
    expect(sent()).toEqual(new Set(['Bearer given']));
  });

  test('is none where the stored file is missing or empty', async () => {
    await find({ tokenPath: join(await temporaryFolder(), 'token') });
    await find({ token: ' ', tokenPath: await stored(' \n') });
    expect(sent()).toEqual(new Set([undefined]));
  });

  test('stays with the hub where files lie on another host', async () => {
    const other = await startHub(base, NAME);
    server.misbehave({ redirectTo: other.endpoint });
    await find({ tokenPath: await stored('hf_stored') });
    expect(sent()).toEqual(new Set(['Bearer hf_stored']));
    expect(other.requests.length).toBeGreaterThan(FILES.length);
    expect(new Set(other.authorizations)).toEqual(new Set([undefined]));
  });

  test('is never told of, even where no header can carry it', async () => {
    const tokenPath = await stored('hf_sec\u2019ret');
    const error = await refusal({ tokenPath });
    expect(error).toMatchObject({ code: 'INVALID_OPTION' });
    expect(error.message).toBe(`${tokenPath}: expected a token of printable ASCII characters, got others`);
    expect(server.requests).toEqual([]);
    server.misbehave({ status: 401 });
    expect((await refusal({ token: 'hf_secret' })).message).not.toContain('secret');
    expect(said.join()).not.toContain('secret');
  });
});

test('a large file is counted in megabytes, with no estimate before two pieces show a pace', async () => {
  const dir = await temporaryFolder();
  for (const file of FILES) await writeFile(join(dir, file), file);
  await writeFile(join(dir, 'model.safetensors'), Buffer.alloc(4e6, 'weights'));
  const { endpoint } = await startHub(dir, NAME);
  const counts: CountProgress[] = [];
  const progress = { ...observe().progress, count: (count: CountProgress) => counts.push(count) };
  await findModelFolder({ modelNameOrPath: NAME, modelRevision: 'main' }, { hub: { ...hub, endpoint }, progress });
  expect(counts.at(-1)).toEqual({ done: 4, total: 4, unit: 'MB of model.safetensors', secondsLeft: 0 });
  expect(Math.max(...counts.map(({ secondsLeft }) => secondsLeft))).toBeLessThan(600);
});

describe('a broken download', () => {
  test('is taken up where it broke off', async () => {
    server.misbehave({ breakAfter: 3000 });
    await find();
    expect(await readFile(inCache('snapshots', COMMIT, 'model.safetensors'))).toEqual(weights);
    const ranges = filesRequested().filter((request) => /safetensors bytes=[1-9]/.test(request));
    expect(ranges.map((request) => request.split(' ').at(-1)).slice(0, 2)).toEqual([
      `bytes=3000-${weights.length - 1}`,
      `bytes=6000-${weights.length - 1}`,
    ]);
  });

  test('that never goes on leaves no file, and the next command goes on', async () => {
    server.misbehave({ breakAfter: 0 });
    const error = await refusal();
    expect(error).toMatchObject({ code: 'DOWNLOAD_FAILED' });
    expect(error.message).toMatch(
      /^someone\/tiny-bert\/model\.safetensors: the download broke off after 0 of \d+ bytes/,
    );
    expect(existsSync(inCache('snapshots', COMMIT, 'model.safetensors'))).toBe(false);
    expect(existsSync(inCache('refs', 'main'))).toBe(false);
    const sha256 = createHash('sha256').update(weights).digest('hex');
    await writeFile(inCache('blobs', `${sha256}.incomplete`), weights.subarray(0, 5000));
    server.misbehave({});
    server.requests.length = 0;
    await find();
    expect(filesRequested().filter((request) => request.includes('safetensors'))).toEqual([
      `GET /${NAME}/resolve/${COMMIT}/model.safetensors bytes=0-0`,
      `GET /${NAME}/resolve/${COMMIT}/model.safetensors bytes=5000-${weights.length - 1}`,
    ]);
    expect(await readFile(inCache('snapshots', COMMIT, 'model.safetensors'))).toEqual(weights);
  });

  test('starts anew where a server does not honor ranges', async () => {
    await mkdir(inCache('blobs'), { recursive: true });
    const sha256 = createHash('sha256').update(weights).digest('hex');
    await writeFile(inCache('blobs', `${sha256}.incomplete`), weights.subarray(0, 5000));
    server.misbehave({ ignoreRange: true });
    await find();
    expect(await readFile(inCache('snapshots', COMMIT, 'model.safetensors'))).toEqual(weights);
  });
});

describe('an answer that cannot be believed', () => {
  const FAKE = { type: 'file', size: 3, oid: 'a'.repeat(40) } as const;

  test('is refused: bytes with another digest leave no file', async () => {
    server.misbehave({ damage: true });
    const error = await refusal();
    expect(error.message).toMatch(/model\.safetensors: expected bytes with the digest [0-9a-f]{64}, got others$/);
    expect((await readdir(inCache('blobs'))).filter((name) => name.length >= 64)).toEqual([]);
  });

  test('is refused: a commit or a digest that would be a path', async () => {
    server.misbehave({ commit: '../../../evil' });
    expect((await refusal()).message).toContain('expected a commit, got "../../../evil"');
    server.misbehave({ list: (files) => files.map((file) => ({ ...file, oid: '../../evil', lfs: undefined })) });
    expect((await refusal()).message).toContain('expected a digest of config.json, got "../../evil"');
    expect(existsSync(inCache('blobs'))).toBe(false);
  });

  test('is refused: sizes out of all measure', async () => {
    server.misbehave({ list: (files) => files.map((file) => ({ ...file, size: 5e9, lfs: undefined })) });
    expect((await refusal()).message).toContain('expected at most 1000000 bytes of config.json, got 5000000000');
  });

  test('is refused: a file that is missing', async () => {
    server.misbehave({ list: (files) => files.filter(({ path }) => path !== 'vocab.txt') });
    expect((await refusal()).message).toBe(`${NAME} of ${hub.endpoint}: expected vocab.txt at main, found none`);
  });

  test('adds no file that was not asked for', async () => {
    server.misbehave({
      list: (files) => [{ ...FAKE, path: '../../../evil' }, { ...FAKE, path: 'train.py' }, ...files],
    });
    expect((await readdir(await find())).sort()).toEqual(['LICENSE', ...FILES]);
  });
});

describe('a model that cannot be had', () => {
  const WAY_OUT = 'give a local folder with config.json, model.safetensors, tokenizer.json';

  test('because the hub cannot be reached, says how to give a local folder', async () => {
    const endpoint = await closedEndpoint();
    const error = await refusal({ endpoint });
    expect(error).toMatchObject({ code: 'DOWNLOAD_FAILED' });
    const reason = `connect ECONNREFUSED ${endpoint.replace('http://', '')}`;
    expect(error.message).toContain(`${NAME}: ${endpoint} cannot be reached (${reason}); ${WAY_OUT}`);
  });

  test('because the hub has trouble of its own, says so and how to give a local folder', async () => {
    for (const status of [503, 429] as const) {
      server.misbehave({ status });
      const error = await refusal();
      expect(error).toMatchObject({ code: 'DOWNLOAD_FAILED' });
      expect(error.message).toContain(
        `${NAME}: ${hub.endpoint} ${TROUBLES[status]} (it answered ${status}); ${WAY_OUT}`,
      );
    }
  });

  test('because the cache does not have it offline, says so', async () => {
    const error = await refusal({ offline: true });
    expect(error.message).toContain(`${NAME}: it is not in ${hub.cacheDir}, and HF_HUB_OFFLINE is set; ${WAY_OUT}`);
    expect(server.requests).toEqual([]);
  });

  test('because the hub does not have it, says what it answered', async () => {
    server.misbehave({ status: 401 });
    const error = await refusal();
    expect(error).toMatchObject({ code: 'INVALID_MODEL' });
    expect(error.message).toContain(
      'at revision "main", which answered 401, or it is not public: HF_TOKEN or `hf auth login` gives access',
    );
  });

  test('because its revision is none', async () => {
    for (const revision of ['../main', '', 'a/../../b', 'a b']) {
      expect(await refusal({}, revision)).toMatchObject({ code: 'INVALID_OPTION' });
    }
  });
});

describe('names and settings', () => {
  test('names are those that the hub gives, and never lead out of the cache', () => {
    for (const name of ['distilbert-base-uncased', 'distilbert/distilbert-base-uncased', 'a', 'A_b.c/d-e']) {
      expect([name, isHubName(name)]).toEqual([name, true]);
    }
    for (const name of [
      '',
      '.',
      '..',
      '../a',
      'a/../b',
      'a/b/c',
      '/a',
      './a',
      'a--b',
      'a/',
      'a\\b',
      '~',
      'a'.repeat(97),
    ]) {
      expect([name, isHubName(name)]).toEqual([name, false]);
    }
  });

  test('settings follow the variables of Hugging Face', () => {
    expect(readHubSettings({}, '/cache')).toEqual({
      endpoint: 'https://huggingface.co',
      cacheDir: '/cache/huggingface/hub',
      offline: false,
      tokenPath: '/cache/huggingface/token',
    });
    expect(
      readHubSettings(
        { HF_HOME: '/hf', HF_HUB_OFFLINE: 'TRUE', HF_ENDPOINT: 'http://mirror/', HF_TOKEN: 't' },
        '/cache',
      ),
    ).toEqual({
      endpoint: 'http://mirror',
      cacheDir: '/hf/hub',
      offline: true,
      token: 't',
      tokenPath: '/hf/token',
    });
    expect(readHubSettings({ HF_HOME: '/hf', HF_TOKEN_PATH: '/secrets/hf' }, '/cache')).toMatchObject({
      tokenPath: '/secrets/hf',
    });
    const silenced = readHubSettings({ HF_TOKEN: 't', HF_HUB_DISABLE_IMPLICIT_TOKEN: '1' }, '/cache');
    expect(Object.keys(silenced)).toEqual(['endpoint', 'cacheDir', 'offline']);
    expect(readHubSettings({ HF_HOME: '/hf', HF_HUB_CACHE: '/models', HF_HUB_OFFLINE: '0' }, '/cache')).toMatchObject({
      cacheDir: '/models',
      offline: false,
    });
  });
});

test('train starts from a name, reads the environment, and records the commit', async () => {
  const cwd = await temporaryFolder();
  await writeCsv(join(cwd, 'train.csv'), tinyRows(20));
  const line = `train --train-file train.csv --model-name-or-path ${NAME} --max-seq-length 24 --output-dir run --num-train-epochs 1`;
  await mkdir(join(cwd, 'hf'));
  await writeFile(join(cwd, 'hf', 'token'), 'hf_stored\n');
  const environment = { HF_ENDPOINT: hub.endpoint, HF_HOME: join(cwd, 'hf'), HF_TOKEN: '', HF_TOKEN_PATH: '' };
  const { code, stderr } = await startMain(line.split(' '), cwd, environment).ended;
  expect([code, stderr]).toEqual([0, expect.stringContaining(`downloading ${NAME} from ${hub.endpoint}`)]);
  expect(new Set(server.authorizations)).toEqual(new Set(['Bearer hf_stored']));
  expect(stderr).not.toContain('hf_stored');
  const record = await readRunRecord(join(cwd, 'run'));
  expect(record?.options).toMatchObject({ modelNameOrPath: NAME, modelRevision: 'main' });
  expect(record?.model?.path).toBe(join(cwd, 'hf', 'hub', 'models--someone--tiny-bert', 'snapshots', COMMIT));
});
