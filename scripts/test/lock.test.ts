import { existsSync, mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, expect, it } from 'vitest';

import { withLock } from '../lock.mjs';

/** Bytes that a file's name may have: no name can be that of a file and end in `.guard` after it. */
const NAME_MAX = 255;

let folder: string;
let lock: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'marquee-lock-'));
  lock = join(folder, 'nested/lock');
});
afterEach(() => rmSync(folder, { recursive: true }));

function leaveLockBehind(ageMs: number): void {
  const then = new Date(Date.now() - ageMs);
  writeFileSync(lock, '');
  utimesSync(lock, then, then);
}

it('a lock is held while the work runs, and gone after it', async () => {
  await withLock(lock, async () => expect(existsSync(lock)).toBe(true));
  expect(existsSync(lock)).toBe(false);
});

it('a lock is gone after work that fails', async () => {
  await expect(withLock(lock, () => Promise.reject(new Error('disk full')))).rejects.toThrow('disk full');
  expect(existsSync(lock)).toBe(false);
});

it('eight who want one lock work one after another', async () => {
  let working = 0;
  const seen: number[] = [];
  const work = async () => {
    seen.push(++working);
    await new Promise(setImmediate);
    working--;
  };
  await Promise.all(Array.from({ length: 8 }, () => withLock(lock, work)));
  expect(seen).toEqual(Array(8).fill(1));
});

it('eight who find a stale lock still work one after another', async () => {
  await withLock(lock, () => Promise.resolve());
  leaveLockBehind(60_000);
  let working = 0;
  const seen: number[] = [];
  const work = async () => {
    seen.push(++working);
    await new Promise(setImmediate);
    working--;
  };
  await Promise.all(Array.from({ length: 8 }, () => withLock(lock, work)));
  expect(seen).toEqual(Array(8).fill(1));
});

it('a stale lock that cannot be removed ends the wait with a sentence', async () => {
  await withLock(lock, () => Promise.resolve());
  mkdirSync(lock);
  utimesSync(lock, 0, 0);
  const message = `${lock}: expected to remove the lock of a command that was killed, got `;
  await expect(withLock(lock, () => Promise.resolve())).rejects.toThrow(message);
  expect(existsSync(`${lock}.guard`)).toBe(false);
});

it('a guard that cannot be made ends the wait with a sentence', async () => {
  lock = join(folder, 'n'.repeat(NAME_MAX));
  leaveLockBehind(60_000);
  await expect(withLock(lock, () => Promise.resolve())).rejects.toThrow('got ENAMETOOLONG');
});

it('who waits is told once', async () => {
  let told = 0;
  let finish = (): void => undefined;
  const first = withLock(lock, () => new Promise<void>((resolve) => (finish = resolve)));
  const second = withLock(lock, () => Promise.resolve(told), {
    onWait: () => {
      told++;
      finish();
    },
  });
  await first;
  expect(await second).toBe(1);
});
