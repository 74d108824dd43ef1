import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import { checkImage } from '../docker/check/main.mjs';
import { check } from './check.mjs';
import { endWithNpm } from './end-with-npm.mjs';
import { generate } from './generate.mjs';
import { prepare } from './prepare.mjs';
import { root } from './root.mjs';

/**
 * @typedef {object} InProcess
 * @property {string} file relative to the repository's root
 * @property {string[]} args
 * @property {boolean} [atRoot] runs at the repository's root instead of where the user stands
 * @property {boolean} [unbuilt] needs the packages installed, but nothing built
 *
 * @typedef {object} Steps
 * @property {(args: string[]) => Promise<void>} run
 * @property {boolean} [unbuilt]
 *
 * @typedef {InProcess | Steps} Command
 */

/**
 * What each npm script runs once packages are installed and sources are built.
 * `file` is taken into this very process, so that signals, exit codes and the terminal are the command's own.
 * @type {Record<string, Command>}
 */
const COMMANDS = {
  start: { file: 'apps/api/dist/main.js', args: [] },
  keys: { file: 'apps/api/dist/main.js', args: ['keys'] },
  train: { file: 'apps/trainer/dist/main.js', args: ['train'] },
  explore: { file: 'apps/trainer/dist/main.js', args: ['explore'] },
  split: { file: 'apps/trainer/dist/main.js', args: ['split'] },
  pretrain: { file: 'apps/trainer/dist/main.js', args: ['pretrain'] },
  distil: { file: 'apps/trainer/dist/main.js', args: ['distil'] },
  evaluate: { file: 'apps/trainer/dist/main.js', args: ['evaluate'] },
  compare: { file: 'apps/trainer/dist/main.js', args: ['compare'] },
  quantize: { file: 'apps/trainer/dist/main.js', args: ['quantize'] },
  tune: { file: 'apps/trainer/dist/main.js', args: ['tune'] },
  runs: { file: 'apps/trainer/dist/main.js', args: ['runs'] },
  score: { file: 'apps/trainer/dist/main.js', args: ['score'] },
  blend: { file: 'apps/trainer/dist/main.js', args: ['blend'] },
  export: { file: 'apps/trainer/dist/main.js', args: ['export'] },
  'bench:training': { file: 'bench/dist/training.js', args: [] },
  'bench:inference': { file: 'bench/dist/inference.js', args: [] },
  'bench:cascade': { file: 'bench/dist/cascade.js', args: [] },
  'bench:data': { file: 'bench/dist/data.js', args: [] },
  'bench:serving': { file: 'bench/dist/serving.js', args: [] },
  'bench:explain': { file: 'bench/dist/explain.js', args: [] },
  'bench:schemathesis': { file: 'bench/dist/schemathesis.js', args: [] },
  'bench:parity': { file: 'bench/dist/parity.js', args: [] },
  test: { file: 'node_modules/vitest/vitest.mjs', args: ['run'], atRoot: true },
  check: { run: check },
  'check:image': { run: checkImage, unbuilt: true },
  generate: { run: generate, unbuilt: true },
  format: {
    file: 'node_modules/prettier/bin/prettier.cjs',
    args: ['--write', '--log-level', 'warn', '.'],
    atRoot: true,
    unbuilt: true,
  },
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
    await prepare({ built: !command.unbuilt });
  } catch (error) {
    process.stderr.write(`marquee: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
    return;
  }
  if ('run' in command) return command.run(args);
  const file = join(root, command.file);
  enter(command.atRoot ? root : userFolder);
  process.argv = [process.execPath, file, ...command.args, ...args];
  await import(pathToFileURL(file).href);
}

/** @param {string} folder which may be gone, or closed to this user; the root stands in for it then */
function enter(folder) {
  try {
    process.chdir(folder);
  } catch {
    process.chdir(root);
  }
}
