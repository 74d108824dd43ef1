import { readFileSync } from 'node:fs';

/** What npm and its kin set for the script that they run, and for everything that the script starts. */
export interface ScriptRunner {
  readonly event: string;
  readonly script: string;
}

interface Link {
  readonly child: number;
  readonly parent: number;
}

const POLL_INTERVAL_MS = 500;

/**
 * Calls `onGone` once when npm, or a process between npm and this one, is gone: npm dies at once of a signal and leaves what
 * it started behind. A process is gone when its child got another parent, which also holds where the first parent is 1 or 0.
 *
 * Only for a server that was started by such a runner: `setsid nohup node main.js &` outlives its shell on purpose. Where
 * there is no /proc, only the parent itself is watched. Returns a function that stops the watch.
 */
export function watchScriptRunner(runner: ScriptRunner, onGone: () => void): () => void {
  const chain = linksToRunner(runner);
  const timer = setInterval(() => {
    if (chain.every(({ child, parent }) => parentOf(child) === parent)) return;
    clearInterval(timer);
    onGone();
  }, POLL_INTERVAL_MS);
  timer.unref();
  return () => clearInterval(timer);
}

/**
 * From this process up to the runner: the processes that carry the runner's variables as this one does, and then the first
 * that does not, which is the runner itself. Its own parent may be a shell that ends right away, and is not watched.
 */
function linksToRunner(runner: ScriptRunner): Link[] {
  const chain: Link[] = [];
  for (let child = process.pid; child > 1;) {
    const parent = parentOf(child);
    if (parent === undefined) break;
    chain.push({ child, parent });
    if (!isStartedBy(runner, parent)) break;
    child = parent;
  }
  return chain;
}

function isStartedBy({ event, script }: ScriptRunner, pid: number): boolean {
  try {
    const variables = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
    return variables.includes(`npm_lifecycle_event=${event}`) && variables.includes(`npm_lifecycle_script=${script}`);
  } catch {
    return false;
  }
}

function parentOf(pid: number): number | undefined {
  if (pid === process.pid) return process.ppid;
  try {
    // "pid (name) state ppid …": the name may hold spaces and parentheses.
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
  } catch {
    return undefined;
  }
}
