// Runs once while an image is built, at the root of an installed workspace: leaves under it what the API loads on this platform.
import { existsSync, readdirSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';

const ROOT = process.cwd();
const STORE = join(ROOT, 'node_modules/.pnpm');
const SERVER = join(ROOT, 'apps/api');

/** Packages of which a part is used. Their other files go; `package.json` and licenses stay. */
const FILES_USED = /** @type {Readonly<Record<string, RegExp>>} */ ({
  'onnxruntime-node': new RegExp(`^(dist|bin/napi-v\\d+/${process.platform}/${process.arch})/`),
  redoc: /^bundles\/redoc\.standalone\.js$/,
  'swagger-ui-dist': /^(swagger-ui\.css|swagger-ui-bundle\.js|favicon-32x32\.png)$/,
});

/** Dependencies of a package's install script, which does not run here. */
const INSTALL_DEPENDENCIES = /** @type {Readonly<Record<string, readonly string[]>>} */ ({
  'onnxruntime-node': ['adm-zip', 'global-agent'],
});

const LICENSES = /^(license|licence|notice|copying)/i;
const FOR_PEOPLE_AND_COMPILERS = /\.(md|markdown|map|[cm]?tsx?|flow|tsbuildinfo)$/i;

/**
 * @param {string} folder of a package
 * @returns {{ name: string, dependencies?: object, optionalDependencies?: object, peerDependencies?: object }}
 */
function readManifest(folder) {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
}

/**
 * Folders of all packages that `folder` can load, itself included, as Node resolves them.
 * @param {string} folder
 * @param {Set<string>} found
 */
function collectPackages(folder, found = new Set()) {
  if (found.has(folder)) return found;
  found.add(folder);
  const { name, dependencies, optionalDependencies, peerDependencies } = readManifest(folder);
  const unused = INSTALL_DEPENDENCIES[name] ?? [];
  for (const dependency of Object.keys({ ...dependencies, ...optionalDependencies, ...peerDependencies })) {
    const place = unused.includes(dependency) ? undefined : resolvePackage(folder, dependency);
    if (place !== undefined) collectPackages(place, found);
  }
  return found;
}

/**
 * @param {string} from
 * @param {string} name
 * @returns {string | undefined} undefined for an optional one that is not installed
 */
function resolvePackage(from, name) {
  for (let folder = from; folder.startsWith(ROOT); folder = dirname(folder)) {
    const place = join(folder, 'node_modules', name);
    if (existsSync(place)) return realpathSync(place);
  }
  return undefined;
}

/** @param {string} path */
function remove(path) {
  rmSync(path, { recursive: true, force: true });
}

/** @param {Set<string>} used */
function removeUnusedPackages(used) {
  for (const group of ['apps', 'packages']) {
    for (const name of readdirSync(join(ROOT, group))) {
      if (!used.has(join(ROOT, group, name))) remove(join(ROOT, group, name));
    }
  }
  remove(join(ROOT, 'bench'));
  const entries = new Set([...used].map((folder) => relative(STORE, folder).split(sep)[0]));
  for (const entry of readdirSync(STORE)) {
    if (entry !== 'node_modules' && !entries.has(entry)) remove(join(STORE, entry));
  }
}

/**
 * Everything under a folder, contents before the folder that holds them. Links are not followed, as `readdirSync` would by itself.
 * @param {string} folder
 * @returns {Generator<import('node:fs').Dirent>}
 */
function* walk(folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.isDirectory()) yield* walk(join(folder, entry.name));
    yield entry;
  }
}

/** @param {string} folder of a package */
function removeUnusedFiles(folder) {
  const filesUsed = FILES_USED[readManifest(folder).name];
  for (const entry of walk(folder)) {
    const path = join(entry.parentPath, entry.name);
    const name = relative(folder, path).split(sep).join('/');
    if (!entry.isFile() || name === 'package.json' || LICENSES.test(entry.name)) continue;
    if (FOR_PEOPLE_AND_COMPILERS.test(name) || (filesUsed !== undefined && !filesUsed.test(name))) remove(path);
  }
}

/** Links to what is gone, wrappers of commands, folders that are empty now, and pnpm's own records. */
function removeLeftovers() {
  for (const name of ['.modules.yaml', '.pnpm-workspace-state-v1.json', '.pnpm/lock.yaml']) {
    remove(join(ROOT, 'node_modules', name));
  }
  for (const entry of walk(ROOT)) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isSymbolicLink() && !existsSync(path)) remove(path);
    else if (entry.isDirectory() && (entry.name === '.bin' || readdirSync(path).length === 0)) remove(path);
  }
}

const used = collectPackages(SERVER);
removeUnusedPackages(used);
used.forEach(removeUnusedFiles);
removeLeftovers();
