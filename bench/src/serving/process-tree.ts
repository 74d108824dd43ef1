import { readdirSync, readFileSync, writeFileSync } from 'node:fs';

import { BenchError } from '../bench-error.js';

/** Called before a scenario that needs it, rather than to measure nothing. Throws `UNSUPPORTED` where there is no /proc. */
export function requireProc(): void {
  if (stateOf(process.pid) === undefined) {
    throw new BenchError('UNSUPPORTED', 'memory and processes are read from /proc: expected Linux, found none');
  }
}

/** A process and all below it, those aside that have ended and that nobody has waited for yet. */
export function processTree(root: number): number[] {
  const parents = new Map<number, number>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const state = stateOf(Number(name));
    if (state !== undefined && state.code !== 'Z') parents.set(Number(name), state.parent);
  }
  const below = (pid: number): number[] => [
    pid,
    ...[...parents].filter(([, parent]) => parent === pid).flatMap(([child]) => below(child)),
  ];
  return parents.has(root) ? below(root) : [];
}

export const isRunning = (pid: number): boolean => (stateOf(pid)?.code ?? 'Z') !== 'Z';

function stateOf(pid: number): { code: string; parent: number } | undefined {
  const stat = readProc(pid, 'stat');
  if (stat === undefined) return undefined;
  // "pid (name) state parent …": the name may hold spaces and parentheses.
  const [code = '', parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return { code, parent: Number(parent) };
}

/** Resident memory of processes added up. Pages that they share count for each: right for growth, too much for a total. */
export const residentBytes = (pids: readonly number[]): number =>
  sum(pids.map((pid) => readKilobytes(pid, 'status', 'VmRSS')));

/** Proportional set size of processes added up: a page that n of them share counts 1/n for each. */
export const proportionalBytes = (pids: readonly number[]): number =>
  sum(pids.map((pid) => readKilobytes(pid, 'smaps_rollup', 'Pss')));

/** The most resident memory that a process had since `resetPeak`. */
export const peakBytes = (pid: number): number => readKilobytes(pid, 'status', 'VmHWM');

/** Makes a process forget the most memory that it had (proc_pid_clear_refs(5)). */
export const resetPeak = (pid: number): void => writeFileSync(`/proc/${pid}/clear_refs`, '5');

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

/** Bytes of a field that is given in kB; 0 for a process that has ended. */
function readKilobytes(pid: number, file: string, field: string): number {
  const line = new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(readProc(pid, file) ?? '');
  return 1024 * Number(line?.[1] ?? 0);
}

function readProc(pid: number, file: string): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return undefined; // it has ended, or belongs to somebody else
  }
}
