import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

const INTERVAL_MS = 500;
const SHELLS = new Set(['sh', 'dash', 'bash', 'ash', 'busybox', 'zsh']);

/**
 * Sends SIGTERM to this process when the npm that started it is gone. npm passes signals to the shell between the two at
 * best, and the shell does not pass them on, so that a server would otherwise go on as an orphan.
 */
export function endWithNpm() {
  if (process.env['npm_lifecycle_event'] === undefined || process.platform === 'win32') return;
  const parent = process.ppid;
  const shell = describe(parent);
  const npm = shell && SHELLS.has(shell.name) ? shell.parent : parent;
  let signaled = false;
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) {
    process.on(signal, function note() {
      signaled = true;
      if (process.listenerCount(signal) > 1) return;
      // Nobody else handles the signal: it keeps its default effect.
      process.removeListener(signal, note);
      process.kill(process.pid, signal);
    });
  }
  const timer = setInterval(() => {
    if (process.ppid === parent && isAlive(npm)) return;
    clearInterval(timer);
    // Ctrl-C reaches npm and this process alike: whoever has heard it ends at its own pace.
    if (!signaled) process.kill(process.pid, 'SIGTERM');
  }, INTERVAL_MS);
  timer.unref();
}

/** @param {number} pid */
function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return /** @type {NodeJS.ErrnoException} */ (error).code === 'EPERM';
  }
}

/**
 * Name and parent of a process, or `undefined` where neither /proc nor ps can say.
 * @param {number} pid
 */
function describe(pid) {
  try {
    // pid (name) state parent …: the name may hold spaces and parentheses.
    const [, name = '', parent] = /^\d+ \((.*)\) \S (\d+)/s.exec(readFileSync(`/proc/${pid}/stat`, 'utf8')) ?? [];
    return { name, parent: Number(parent) };
  } catch {
    return describeByPs(pid);
  }
}

/** @param {number} pid */
function describeByPs(pid) {
  try {
    const line = execFileSync('ps', ['-o', 'ppid=,comm=', '-p', String(pid)], { encoding: 'utf8' });
    const [, parent, name = ''] = /^\s*(\d+)\s+-?(?:.*\/)?(.*?)\s*$/.exec(line) ?? [];
    return { name, parent: Number(parent) };
  } catch {
    return undefined;
  }
}
