import { readdirSync, readFileSync } from 'node:fs';

/** True for a process that exists and is no zombie: its parent may be slow to notice that it ended. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  return stateOf(pid)?.state !== 'Z';
}

/** All processes below `pid`; empty where there is no /proc. */
export function descendantsOf(pid: number): number[] {
  const children = allProcesses().filter((candidate) => stateOf(candidate)?.parent === pid);
  return children.flatMap((child) => [child, ...descendantsOf(child)]);
}

function allProcesses(): number[] {
  try {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map(Number);
  } catch {
    return [];
  }
}

function stateOf(pid: number): { state: string; parent: number } | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const [state = '', parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return { state, parent: Number(parent) };
  } catch {
    return undefined;
  }
}
