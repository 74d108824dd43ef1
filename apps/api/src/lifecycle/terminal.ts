import { closeSync, openSync } from 'node:fs';

/** Whether this process has a terminal: one that was closed is none any more. */
export function hasTerminal(): boolean {
  try {
    closeSync(openSync('/dev/tty', 'r'));
    return true;
  } catch {
    return false;
  }
}

/**
 * Ends this process after its terminal has been closed: by the signal that says so. Node's own exit would restore the terminal's
 * settings, and aborts when it cannot.
 */
export function endByHangup(): never {
  process.removeAllListeners('SIGHUP');
  process.kill(process.pid, 'SIGHUP');
  throw new Error('bug: a process outlived its own signal');
}
