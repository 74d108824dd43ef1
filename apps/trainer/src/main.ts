#!/usr/bin/env node
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { runCli } from './cli.js';
import { readHubSettings } from './hub/hub-settings.js';
import { openMlflowMirror } from './mlflow/threaded-mlflow-mirror.js';
import { createProgress } from './progress.js';
import { EXIT_CODES, TrainerError } from './trainer-error.js';

/** One Ctrl-C comes twice, from the terminal and from npm: only what comes later is a second one. */
const REPEAT_MS = 1_000;

// The first signal ends a training after its step, with a checkpoint, and an evaluation after its review; a second Ctrl-C ends the process at once.
let stopRequestedMs: number | undefined;
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    const nowMs = performance.now();
    stopRequestedMs ??= nowMs;
    if (signal === 'SIGINT' && nowMs - stopRequestedMs > REPEAT_MS) process.exit(EXIT_CODES.INTERRUPTED);
  });
}

// `| head` may be gone before the last line: no reason to fail.
process.stdout.on('error', () => undefined);

const inRepository = (path: string): string => fileURLToPath(new URL(`../../../${path}`, import.meta.url));

/** As the XDG base directory specification has it: a relative path is not meant. */
const cacheHome = process.env['XDG_CACHE_HOME'] ?? '';
const userCache = isAbsolute(cacheHome) ? cacheHome : join(homedir(), '.cache');

const progress = createProgress(process.stderr);
const mirror = openMlflowMirror(process.env, (warning) => progress.say(warning));

try {
  process.exitCode = await runCli(process.argv.slice(2), {
    cwd: process.cwd(),
    shippedModel: inRepository('artifacts/marquee'),
    sampleFile: inRepository('data/sample.csv'),
    tokenCacheDir: join(userCache, 'marquee', 'tokens'),
    teacherCacheDir: join(userCache, 'marquee', 'teachers'),
    progress,
    ...(mirror && { mirror }),
    hub: readHubSettings(process.env, userCache),
    write: (text) => process.stdout.write(text),
    stopRequested: () => stopRequestedMs !== undefined,
  });
} catch (error) {
  // Errors with a code are one sentence for the user; anything else is a bug and keeps its trace.
  const isKnown = error instanceof Error && 'code' in error;
  process.stderr.write(`marquee: ${isKnown ? error.message : error instanceof Error ? error.stack : String(error)}\n`);
  process.exitCode = error instanceof TrainerError ? EXIT_CODES[error.code] : 1;
}
