import { closeSync, mkdirSync, openSync, rmdirSync, rmSync, statSync, utimesSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

const HEARTBEAT_MS = 2_000;
const POLL_MS = 200;

/**
 * Runs `work` while no other process runs work under the same lock file. The holder touches the file every two seconds, so
 * that a lock left by a killed process is known by its age, in whatever container or machine that process was.
 * @template T
 * @param {string} path
 * @param {() => Promise<T>} work
 * @param {{ staleMs?: number, onWait?: () => void }} [options]
 * @returns {Promise<T>}
 */
export async function withLock(path, work, { staleMs = 30_000, onWait } = {}) {
  mkdirSync(dirname(path), { recursive: true });
  for (let waits = 0; !tryCreate(path); waits++) {
    if (waits === 0) onWait?.();
    if (ageMs(path) > staleMs) removeStale(path, staleMs);
    await delay(POLL_MS);
  }
  const release = () => rmSync(path, { force: true });
  const heartbeat = setInterval(() => touch(path), HEARTBEAT_MS);
  process.on('exit', release);
  try {
    return await work();
  } finally {
    clearInterval(heartbeat);
    process.removeListener('exit', release);
    release();
  }
}

/** @param {string} path */
function tryCreate(path) {
  try {
    closeSync(openSync(path, 'wx'));
    return true;
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code === 'EEXIST') return false;
    throw error;
  }
}

/**
 * @param {string} path
 * @param {number} staleMs
 */
function removeStale(path, staleMs) {
  try {
    removeGuarded(path, staleMs);
  } catch (error) {
    const { message } = /** @type {Error} */ (error);
    throw new Error(`${path}: expected to remove the lock of a command that was killed, got ${message}`, {
      cause: error,
    });
  }
}

/**
 * Only the holder of the guard removes a stranger's lock, and looks at its age again first: of two processes that find the
 * same stale lock, the slower one must not remove the lock that the faster one has taken since.
 * @param {string} path
 * @param {number} staleMs
 */
function removeGuarded(path, staleMs) {
  const guard = `${path}.guard`;
  try {
    mkdirSync(guard);
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'EEXIST') throw error;
    // A guard is held for microseconds: an old one belongs to a process that was killed then.
    if (ageMs(guard) > staleMs) rmSync(guard, { recursive: true, force: true });
    return;
  }
  try {
    if (ageMs(path) > staleMs) rmSync(path, { force: true });
  } finally {
    rmdirSync(guard);
  }
}

/** @param {string} path */
function ageMs(path) {
  try {
    return Date.now() - statSync(path).mtimeMs;
  } catch {
    return 0;
  }
}

/** @param {string} path */
function touch(path) {
  try {
    utimesSync(path, new Date(), new Date());
  } catch {
    // Somebody removed the folder; the work's own failure says more.
  }
}
