import { mkdir, mkdtemp, readFile, readdir, rename, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { KeyRing } from '../src/keys/key-ring.js';
import { createLog } from '../src/log.js';
import { createKey, idOf, runKeys } from './support/keys.js';
import { until } from './support/service.js';

let root: string;
let dir: string;
let log: string[];
const rings: KeyRing[] = [];
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'marquee-keys-'));
  dir = join(root, 'keys');
  log = [];
});
afterEach(async () => {
  for (const ring of rings.splice(0)) ring.close();
  await rm(root, { recursive: true, force: true });
});

/** Without a poll in sight, what is noticed was told by the system. */
async function openRing(options: { readonly dir?: string; readonly pollIntervalMs?: number } = {}): Promise<KeyRing> {
  const destination = { write: (line: string) => void log.push(line) };
  const ring = await KeyRing.open({ dir, log: createLog({ level: 'warn', destination }), ...options });
  rings.push(ring);
  return ring;
}

describe('npm run keys', () => {
  test('shows a new key once and keeps its hash, for this user alone', async () => {
    const { output, said } = await runKeys(dir, ['create', '--name', 'ci', '--scopes', 'predict,admin']);
    const key = output.trim();
    expect(key).toMatch(/^mq_[0-9a-f]{12}_[\w-]{43}$/);
    expect(said).toContain(`Key ${idOf(key)} (ci) has the scopes predict, admin and does not expire.`);
    expect(await readdir(dir)).toEqual([`${idOf(key)}.json`]);
    const path = join(dir, `${idOf(key)}.json`);
    const text = await readFile(path, 'utf8');
    expect(text).not.toContain(key.slice(-43));
    expect(JSON.parse(text)).toMatchObject({ name: 'ci', scopes: ['predict', 'admin'], sha256: expect.any(String) });
    if (process.platform !== 'win32') expect((await stat(path)).mode & 0o777).toBe(0o600);
  });

  test('never makes the same key twice', async () => {
    const keys = await Promise.all(Array.from({ length: 20 }, () => createKey(dir)));
    expect(new Set(keys.map((key) => key.slice(16))).size).toBe(20);
  });

  test('lists keys with their state, and no hash', async () => {
    const key = await createKey(dir, '--expires-days', '1');
    const other = await createKey(dir);
    await runKeys(dir, ['revoke', idOf(other)]);
    const { output } = await runKeys(dir, ['list'], new Date(Date.now() + 2 * 86_400_000));
    expect(output).toMatch(new RegExp(`^${idOf(key)}  test  predict  expired  \\S+  \\S+$`, 'm'));
    expect(output).toMatch(new RegExp(`^${idOf(other)}  test  predict  revoked  \\S+  never$`, 'm'));
    expect(output).not.toMatch(/[0-9a-f]{64}/);
  });

  test('rotates a key: a new one like it, and the old one ends after the grace', async () => {
    const old = await createKey(dir, '--scopes', 'metrics');
    const now = new Date();
    const { output } = await runKeys(dir, ['rotate', idOf(old), '--grace-hours', '1'], now);
    const ring = await openRing();
    expect(ring.find(output.trim())).toMatchObject({ name: 'test', scopes: ['metrics'] });
    expect(ring.find(old)).toMatchObject({ expires_at: new Date(now.getTime() + 3_600_000).toISOString() });
    await runKeys(dir, ['rotate', idOf(output.trim()), '--grace-hours', '0']);
    await ring.refresh();
    expect(ring.find(output.trim())).toBeUndefined();
  });

  test.each([
    [['create'], '--name must say who holds the key, got none.'],
    [
      ['create', '--name', 'x', '--scopes', 'root'],
      '--scopes must be some of predict, explain, metrics, admin, with commas between, got "root".',
    ],
    [
      ['create', '--name', 'x', '--expires-days', 'soon'],
      '--expires-days must be a number from 0 to 36500, got "soon".',
    ],
    [['destroy'], 'Expected keys create, list, revoke, rotate or --help, got "destroy".'],
    [['revoke'], 'Expected the id of one key, got 0.'],
    [['list', '--all'], "Unknown option '--all': keys --help lists the options."],
  ])('%j is refused in one sentence', async (argv, message) => {
    await expect(runKeys(dir, argv)).rejects.toMatchObject({ code: 'INVALID_SETTINGS', message });
  });

  test('does not repeat a key that was given in place of an id', async () => {
    const key = await createKey(dir);
    await expect(runKeys(dir, ['revoke', key])).rejects.toMatchObject({
      message: expect.not.stringContaining(key.slice(16)),
    });
  });
});

describe('a ring of keys', () => {
  test('opens to the key itself and to nothing like it', async () => {
    const key = await createKey(dir);
    const ring = await openRing();
    expect(ring.find(key)?.id).toBe(idOf(key));
    for (const other of [
      '',
      'x',
      key.slice(0, -1),
      `${key}x`,
      key.toUpperCase(),
      `mq_${'0'.repeat(12)}${key.slice(15)}`,
    ]) {
      expect(ring.find(other), other).toBeUndefined();
    }
  });

  test('notices a directory that comes, a key that is revoked, and one that goes', async () => {
    const ring = await openRing({ pollIntervalMs: 20 });
    expect(ring.everHeldKeys).toBe(false);
    const [key, other] = [await createKey(dir), await createKey(dir)];
    await until(() => ring.find(key) !== undefined && ring.find(other) !== undefined);
    await runKeys(dir, ['revoke', idOf(key)]);
    await until(() => ring.find(key) === undefined);
    expect(ring.find(other)).toBeDefined();
    await rm(dir, { recursive: true });
    await until(() => ring.find(other) === undefined);
    expect(ring.everHeldKeys).toBe(true);
  });

  test.runIf(process.platform === 'linux')('is told of changes by the system, without looking', async () => {
    await createKey(dir);
    const ring = await openRing({ pollIntervalMs: 600_000 });
    const key = await createKey(dir);
    await until(() => ring.find(key) !== undefined);
  });

  test('notices the swap of Kubernetes’ symbolic links', async () => {
    const made = join(root, 'made');
    const [key, next] = [await createKey(made), await createKey(made)];
    for (const [version, kept] of [
      ['..v1', key],
      ['..v2', next],
    ] as const) {
      await mkdir(join(dir, version), { recursive: true });
      await writeFile(join(dir, version, 'a.json'), await readFile(join(made, `${idOf(kept)}.json`)));
    }
    await symlink('..v1', join(dir, '..data'));
    await symlink(join('..data', 'a.json'), join(dir, 'a.json'));
    const ring = await openRing({ pollIntervalMs: 20 });
    expect(ring.find(key)).toBeDefined();
    await symlink('..v2', join(dir, '..data_tmp'));
    await rename(join(dir, '..data_tmp'), join(dir, '..data'));
    await until(() => ring.find(next) !== undefined);
    expect(ring.find(key)).toBeUndefined();
  });

  test('follows its own directory when that is a link to another one', async () => {
    const [one, two] = [join(root, 'one'), join(root, 'two')];
    const [key, next] = [await createKey(one), await createKey(two)];
    await symlink(one, dir);
    const ring = await openRing({ pollIntervalMs: 20 });
    expect(ring.find(key)).toBeDefined();
    await symlink(two, `${dir}.new`);
    await rename(`${dir}.new`, dir);
    await until(() => ring.find(next) !== undefined);
    expect(ring.find(key)).toBeUndefined();
  });

  test('does not open over a file that is no key, and names it', async () => {
    await mkdir(dir);
    await writeFile(join(dir, 'broken.json'), '{"id":"secret"}');
    await expect(openRing()).rejects.toMatchObject({
      code: 'KEYS_UNUSABLE',
      message: `${dir}: broken.json must be a key, but id must be 12 hexadecimal digits.`,
    });
  });

  test('logs a file that is no key, and keeps the other keys', async () => {
    const key = await createKey(dir);
    const ring = await openRing();
    await writeFile(join(dir, 'broken.json'), 'secret');
    await ring.refresh();
    expect(ring.find(key)).toBeDefined();
    expect(log.map((line) => JSON.parse(line) as object)).toMatchObject([
      { level: 'error', file: 'broken.json', reason: 'it is not JSON' },
    ]);
  });
});
