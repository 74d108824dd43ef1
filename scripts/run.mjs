import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import { check } from './check.mjs';
import { endWithNpm } from './end-with-npm.mjs';
import { generate } from './generate.mjs';
import { prepare } from './prepare.mjs';
import { root } from './root.mjs';

/**
 * What each npm script runs once packages are installed and sources are built.
 * `file` is taken into this very process, so that signals, exit codes and the terminal are the command's own.
 * @type {Record<string, { file: () => string, args: string[], atRoot?: boolean } | { run: (args: string[]) => Promise<void> }>}
 */
const COMMANDS = {
  start: { file: () => join(root, 'apps/api/dist/main.js'), args: [] },
  train: { file: () => join(root, 'apps/trainer/dist/main.js'), args: ['train'] },
  evaluate: { file: () => join(root, 'apps/trainer/dist/main.js'), args: ['evaluate'] },
  export: { file: () => join(root, 'apps/trainer/dist/main.js'), args: ['export'] },
  'bench:training': { file: () => join(root, 'bench/dist/training.js'), args: [] },
  'bench:inference': { file: () => join(root, 'bench/dist/inference.js'), args: [] },
  'bench:parity': { file: () => join(root, 'bench/dist/parity.js'), args: [] },
  test: { file: vitest, args: ['run'], atRoot: true },
  check: { run: check },
  generate: { run: generate },
};

/** @param {string[]} argv the command's name, then its arguments */
export async function main([name = '', ...args]) {
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (!command) {
    process.stderr.write(`marquee: expected one of ${Object.keys(COMMANDS).join(', ')}, got "${name}"\n`);
    process.exitCode = 1;
    return;
  }
  // npm runs scripts at the root; the paths among the arguments are meant from where the user stands.
  const userFolder = process.env['INIT_CWD'] ?? process.cwd();
  endWithNpm();
  try {
    await prepare();
  } catch (error) {
    process.stderr.write(`marquee: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
    return;
  }
  if ('run' in command) return command.run(args);
  const file = command.file();
  process.chdir(command.atRoot || !existsSync(userFolder) ? root : userFolder);
  process.argv = [process.execPath, file, ...command.args, ...args];
  await import(pathToFileURL(file).href);
}

function vitest() {
  return join(createRequire(import.meta.url).resolve('vitest/package.json'), '../vitest.mjs');
}
