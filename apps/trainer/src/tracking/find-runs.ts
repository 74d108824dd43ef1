import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { hostname } from 'node:os';
import { basename, join, resolve } from 'node:path';

import { TrainerError } from '../trainer-error.js';
import { readRunRecord, RUN_FILE, type RunRecord, type RunStatus } from './run-record.js';

/** A run folder and its record. `died` is a run that claims to go on, of a process that is gone. */
export interface FoundRun extends Omit<RunRecord, 'status'> {
  readonly name: string;
  readonly dir: string;
  readonly status: RunStatus | 'died';
}

/** Every run of a folder of runs, oldest first. */
export async function findRuns(runsDir: string): Promise<FoundRun[]> {
  const entries = await readdir(runsDir, { withFileTypes: true }).catch(() => []);
  const found = await Promise.all(
    entries.filter((entry) => entry.isDirectory()).map(({ name }) => openRun(join(runsDir, name))),
  );
  return found
    .filter((run) => run !== undefined)
    .sort((a, b) => a.timing.startedAt.localeCompare(b.timing.startedAt) || a.name.localeCompare(b.name));
}

/** The run that is meant: a folder, seen from `cwd`, or the name of one in the folder of runs. Throws `INVALID_OPTION`. */
export async function findRun(wanted: string, runsDir: string, cwd: string): Promise<FoundRun> {
  const places = [resolve(cwd, wanted), resolve(runsDir, wanted)];
  const dir = places.find((place) => existsSync(join(place, RUN_FILE)));
  const run = dir === undefined ? undefined : await openRun(dir);
  if (run) return run;
  throw new TrainerError(
    'INVALID_OPTION',
    `${wanted}: expected the folder of a run with ${RUN_FILE}, found none in ${places.join(' or ')}`,
  );
}

async function openRun(dir: string): Promise<FoundRun | undefined> {
  const record = await readRunRecord(dir);
  return record && { ...record, name: basename(dir), dir, status: hasDied(record) ? 'died' : record.status };
}

/** Only a process of this machine can be looked for. */
function hasDied({ status, pid, environment }: RunRecord): boolean {
  if (status !== 'running' || environment.host !== hostname()) return false;
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'ESRCH';
  }
}
