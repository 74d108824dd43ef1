import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The pnpm that the lockfile is written for. */
export const PNPM = 'pnpm@12.21.0';

/**
 * Folders of the workspace's packages, relative to its root.
 * @param {string} root
 */
export function workspaceFolders(root) {
  const nested = ['packages', 'apps'].flatMap((group) =>
    existsSync(join(root, group)) ? readdirSync(join(root, group)).map((name) => `${group}/${name}`) : [],
  );
  return [...nested, 'bench'].filter((folder) => existsSync(join(root, folder, 'package.json'))).sort();
}

/**
 * Source files of one package, relative to the workspace's root.
 * @param {string} root
 * @param {string} folder
 */
export function sourceFiles(root, folder) {
  if (!existsSync(join(root, folder, 'src'))) return [];
  return readdirSync(join(root, folder, 'src'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1))
    .sort();
}

/**
 * Digest of everything that decides what an install puts on disk.
 * @param {string} root
 */
export function installFingerprint(root) {
  const manifests = workspaceFolders(root).map((folder) => `${folder}/package.json`);
  const files = ['package.json', 'pnpm-workspace.yaml', 'pnpm-lock.yaml', ...manifests];
  return digest(root, files, [PNPM, process.platform, process.arch, process.versions.modules ?? '']);
}

/**
 * Digest of everything that decides what a build writes.
 * @param {string} root
 */
export function buildFingerprint(root) {
  const folders = workspaceFolders(root);
  const configs = ['tsconfig.json', 'tsconfig.base.json', ...folders.map((folder) => `${folder}/tsconfig.json`)];
  return digest(
    root,
    [...configs, ...folders.flatMap((folder) => sourceFiles(root, folder))],
    [installFingerprint(root)],
  );
}

/**
 * @param {string} root
 * @param {string[]} files
 * @param {string[]} facts
 */
function digest(root, files, facts) {
  const hash = createHash('sha256').update(JSON.stringify(facts));
  for (const file of files) {
    const content = existsSync(join(root, file)) ? readFileSync(join(root, file)) : '';
    hash.update(`${JSON.stringify(file)}${content.length}:`).update(content);
  }
  return hash.digest('hex');
}
