import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, watch } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { afterAll } from 'vitest';

/** Stands for the user's cache, so that tests leave nothing there. */
const USER_CACHE = mkdtempSync(join(tmpdir(), 'trainer-cache-'));
afterAll(() => rmSync(USER_CACHE, { recursive: true, force: true }));

const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url));

export interface ChildEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stderr: string;
  readonly stdout: string;
}

export interface Child {
  readonly process: ChildProcess;
  readonly ended: Promise<ChildEnd>;
}

/** Starts the built command line in a process of its own. */
export function startMain(
  args: readonly string[],
  cwd?: string,
  environment: Readonly<Record<string, string>> = {},
): Child {
  const child = spawn(process.execPath, [MAIN, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, XDG_CACHE_HOME: USER_CACHE, ...environment },
    ...(cwd ? { cwd } : {}),
  });
  const output = { stdout: '', stderr: '' };
  child.stdout.on('data', (data: Buffer) => (output.stdout += data.toString()));
  child.stderr.on('data', (data: Buffer) => (output.stderr += data.toString()));
  const ended = new Promise<ChildEnd>((resolve) => {
    child.on('close', (code, signal) => resolve({ code, signal, ...output }));
  });
  return { process: child, ended };
}

/**
 * Resolves when a checkpoint of at least `step` updates stands in the folder: that of the step itself may be gone again before a busy machine looks. Call it
 * before the process starts that will write it.
 */
export function whenCheckpoint(dir: string, step: number): Promise<void> {
  mkdirSync(dir, { recursive: true });
  return new Promise((resolve) => {
    const watcher = watch(dir, () => {
      const steps = readdirSync(dir).map((name) => Number(/^checkpoint-(\d+)$/.exec(name)?.[1] ?? 0));
      if (Math.max(0, ...steps) < step) return;
      watcher.close();
      resolve();
    });
  });
}
