import { spawn } from 'node:child_process';

import { root } from './root.mjs';

/**
 * Runs a JavaScript tool at the repository's root and gives its exit code and everything it printed.
 * @param {string} file
 * @param {string[]} args
 */
export function runTool(file, args) {
  return collect(process.execPath, [file, ...args], { env: process.env });
}

/**
 * Signals that end this process end the child first: a half-done install or build is not left running.
 * @param {string} command
 * @param {string[]} args
 * @param {{ env: NodeJS.ProcessEnv, cwd?: string, shell?: boolean }} options
 * @returns {Promise<{ code: number, output: string }>}
 */
export async function collect(command, args, { env, cwd = root, shell = false }) {
  const child = spawn(command, args, { cwd, env, shell, stdio: ['ignore', 'pipe', 'pipe'] });
  const signals = /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP']);
  /** @type {NodeJS.Signals | undefined} */
  let received;
  /** @param {NodeJS.Signals} signal */
  const pass = (signal) => {
    received = signal;
    child.kill(signal);
  };
  for (const signal of signals) process.on(signal, pass);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (/** @type {string} */ text) => (output += text));
  }
  const code = await new Promise((resolve) => {
    child.on('error', (error) => resolve(((output += `${error.message}\n`), 127)));
    child.on('close', (status) => resolve(status ?? 1));
  });
  for (const signal of signals) process.removeListener(signal, pass);
  if (received) process.exit(received === 'SIGINT' ? 130 : received === 'SIGTERM' ? 143 : 129);
  return { code, output };
}
