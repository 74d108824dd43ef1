import { existsSync } from 'node:fs';
import { copyFile, mkdir, readFile, rename, rm, symlink } from 'node:fs/promises';
import { basename, dirname, join, relative } from 'node:path';

import { writeDurably } from '../durable-write.js';

/**
 * One model in the cache that Hugging Face's libraries share: `blobs/<digest>` hold the bytes, `snapshots/<commit>/<file>` are links to them, `refs/<revision>`
 * names the commit of a branch or tag.
 */
export interface ModelCache {
  /** Folder of a commit, whether or not it is there. */
  snapshotDir(commit: string): string;
  blobPath(digest: string): string;
  /** Commit that a revision was last seen at. */
  readRef(revision: string): Promise<string | undefined>;
  writeRef(revision: string, commit: string): Promise<void>;
  /** Whether a commit's folder has all of these files. */
  hasAll(commit: string, files: readonly string[]): boolean;
  /** Puts a blob into a commit's folder under a file's name. */
  link(commit: string, file: string, digest: string): Promise<void>;
}

export const COMMIT = /^[0-9a-f]{40}$/;

/** `name` must be a hub name: it becomes part of a path. */
export function openModelCache(cacheDir: string, name: string): ModelCache {
  const root = join(cacheDir, `models--${name.replace('/', '--')}`);
  const snapshotDir = (commit: string): string => join(root, 'snapshots', commit);
  const blobPath = (digest: string): string => join(root, 'blobs', digest);
  return {
    snapshotDir,
    blobPath,
    async readRef(revision) {
      if (COMMIT.test(revision)) return revision;
      const commit = (await readFile(join(root, 'refs', revision), 'utf8').catch(() => '')).trim();
      return COMMIT.test(commit) ? commit : undefined;
    },
    async writeRef(revision, commit) {
      if (revision !== commit) await writeDurably(join(root, 'refs', revision), commit);
    },
    // A link to a blob that was removed counts as missing.
    hasAll: (commit, files) => files.every((file) => existsSync(join(snapshotDir(commit), file))),
    async link(commit, file, digest) {
      const path = join(snapshotDir(commit), file);
      const temporary = join(dirname(path), `.${basename(path)}.${process.pid}.tmp`);
      await mkdir(dirname(path), { recursive: true });
      await rm(temporary, { force: true });
      // Windows lets only some users make links: then the file stands there twice.
      await symlink(relative(dirname(path), blobPath(digest)), temporary).catch(() =>
        copyFile(blobPath(digest), temporary),
      );
      await rename(temporary, path);
    },
  };
}
