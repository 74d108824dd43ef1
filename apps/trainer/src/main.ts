#!/usr/bin/env node
import { fileURLToPath } from 'node:url';

import { runCli } from './cli.js';
import { createProgress } from './progress.js';

// The first signal ends a training after its step, with a checkpoint; a second one ends the process at once.
let stopRequested = false;
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    if (stopRequested && signal === 'SIGINT') process.exit(130);
    stopRequested = true;
  });
}

try {
  process.exitCode = await runCli(process.argv.slice(2), {
    cwd: process.cwd(),
    shippedModel: fileURLToPath(new URL('../../../artifacts/marquee', import.meta.url)),
    progress: createProgress(process.stderr),
    write: (text) => process.stdout.write(text),
    stopRequested: () => stopRequested,
  });
} catch (error) {
  // Errors of ours are one sentence with a code; anything else is a bug and keeps its trace.
  const isKnown = error instanceof Error && 'code' in error;
  process.stderr.write(`marquee: ${isKnown ? error.message : error instanceof Error ? error.stack : String(error)}\n`);
  process.exitCode = 1;
}
