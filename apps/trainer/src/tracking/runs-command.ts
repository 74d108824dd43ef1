import { resolve } from 'node:path';

import type { CliCommand } from '../cli-command.js';
import { findRun, findRuns } from './find-runs.js';
import { compareRuns, listRuns } from './show-runs.js';

export const RUNS_COMMAND: CliCommand = {
  description: 'list runs, or lay some of them side by side: what was asked for, and what came out',
  specs: {
    runsDir: { kind: 'path', help: 'folder of the runs; default runs' },
    json: { kind: 'flag', help: 'print their records instead of a table', fallback: false },
  },
  operands: ['[run...]'],
  example: 'first second',
  run: async (options, { cwd, write }, names) => {
    const runsDir = typeof options['runsDir'] === 'string' ? options['runsDir'] : resolve(cwd, 'runs');
    const runs =
      names.length === 0
        ? await findRuns(runsDir)
        : await Promise.all(names.map((name) => findRun(name, runsDir, cwd)));
    if (options['json'] === true) write(`${JSON.stringify(runs, null, 2)}\n`);
    else if (runs.length === 0) write(`no runs in ${runsDir}\n`);
    else write(names.length === 0 ? listRuns(runs) : compareRuns(runs));
    return 0;
  },
};
