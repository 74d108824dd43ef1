import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { buildFingerprint, installFingerprint, sourceFiles, workspaceFolders } from './fingerprint.mjs';
import { installPackages } from './install.mjs';
import { withLock } from './lock.mjs';
import { root } from './root.mjs';
import { runTool } from './run-tool.mjs';

// Inside node_modules, so that it goes when they go.
const INSTALL_STAMP = join(root, 'node_modules/.marquee-install');
const BUILD_STAMP = join(root, '.marquee/build');

/**
 * Installs and builds what is not up to date, one process at a time. Touches nothing when everything is.
 * @param {{ built: boolean }} needs
 */
export async function prepare({ built }) {
  if (isInstalled() && (!built || isBuilt())) return;
  await withLock(
    join(root, '.marquee/lock'),
    async () => {
      if (!isInstalled()) await install();
      if (built && !isBuilt()) await build();
    },
    { onWait: () => say('waiting for another npm command that installs or builds') },
  );
}

function isInstalled() {
  return readStamp(INSTALL_STAMP) === installFingerprint(root);
}

function isBuilt() {
  return readStamp(BUILD_STAMP) === buildFingerprint(root) && missingOutputs().length === 0;
}

async function install() {
  const started = performance.now();
  const fingerprint = installFingerprint(root);
  say('installing packages');
  removeStamp(INSTALL_STAMP);
  await installPackages(root);
  writeStamp(INSTALL_STAMP, fingerprint);
  say(`installed in ${seconds(started)}`);
}

async function build() {
  const started = performance.now();
  const fingerprint = buildFingerprint(root);
  say('building');
  removeStamp(BUILD_STAMP);
  workspaceFolders(root).forEach(removeOrphanedOutputs);
  await compile();
  // tsc takes the word of its build info for outputs that somebody deleted.
  if (missingOutputs().length > 0) await compile('--force');
  writeStamp(BUILD_STAMP, fingerprint);
  say(`built in ${seconds(started)}`);
}

/** @param {string[]} flags */
async function compile(...flags) {
  const { code, output } = await runTool(join(root, 'node_modules/typescript/bin/tsc'), ['-b', ...flags]);
  if (code !== 0) throw new Error(`the build failed:\n${output}`);
}

function missingOutputs() {
  return workspaceFolders(root)
    .flatMap((folder) => sourceFiles(root, folder))
    .filter((file) => /(?<!\.d)\.ts$/.test(file))
    .map((file) => file.replace(/\/src\//, '/dist/').replace(/\.ts$/, '.js'))
    .filter((file) => !existsSync(join(root, file)));
}

/**
 * A removed source must not live on in `dist`, where an import would still find it.
 * @param {string} folder
 */
function removeOrphanedOutputs(folder) {
  const dist = join(root, folder, 'dist');
  if (!existsSync(dist)) return;
  const sources = new Set(sourceFiles(root, folder).map((file) => file.slice(folder.length + '/src/'.length)));
  for (const entry of readdirSync(dist, { recursive: true, withFileTypes: true })) {
    const file = join(entry.parentPath, entry.name);
    const source = file.slice(dist.length + 1).replace(/(\.d\.ts|\.js)(\.map)?$/, '.ts');
    if (entry.isFile() && source.endsWith('.ts') && !sources.has(source)) rmSync(file);
  }
}

/** @param {string} path */
function readStamp(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

/**
 * Before the work that a stamp vouches for begins: work that is cut short leaves files of neither the old state nor the new
 * one, and tsc writes outputs in spite of errors.
 * @param {string} path
 */
function removeStamp(path) {
  rmSync(path, { force: true });
}

/**
 * @param {string} path
 * @param {string} fingerprint
 */
function writeStamp(path, fingerprint) {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, fingerprint);
}

/** @param {string} text */
function say(text) {
  process.stderr.write(`marquee: ${text}\n`);
}

/** @param {number} started */
function seconds(started) {
  return `${((performance.now() - started) / 1000).toFixed(1)} s`;
}
