import { createHash, type Hash } from 'node:crypto';
import { constants, type Stats } from 'node:fs';
import { type FileHandle, open, realpath, rename, rm, stat } from 'node:fs/promises';
import { join, sep } from 'node:path';

import { ModelCoreError } from './errors.js';

/** Without O_NONBLOCK, opening a named pipe would wait for a writer. Windows has neither: `|` takes undefined as 0. */
const OPEN_FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
/** Memory that hashing a file takes. */
const HASH_CHUNK_BYTES = 1 << 20;

/** A folder where its path led once: a link in that path may be turned afterwards, and the files stay those of one artifact. */
export interface ArtifactFolder {
  /** As it was given, for messages. */
  readonly dir: string;
  readonly realDir: string;
}

/** Follows the links of a folder's path. Throws `ARTIFACT_NOT_FOUND`. */
export async function resolveFolder(dir: string): Promise<ArtifactFolder> {
  try {
    const realDir = await realpath(dir);
    if ((await stat(realDir)).isDirectory()) return { dir, realDir };
  } catch (cause) {
    throw notFound(dir, cause);
  }
  throw notFound(dir);
}

/**
 * Opens a regular file of an artifact folder. Throws `FILE_MISSING`, and `UNSAFE_PATH` when a symbolic link leads out
 * of the folder. The link's target is opened, and not followed again, so that it cannot be changed in between.
 */
export async function openArtifactFile(
  { dir, realDir }: ArtifactFolder,
  path: string,
): Promise<{ handle: FileHandle; stats: Stats }> {
  let target: string;
  try {
    target = await realpath(join(realDir, path));
  } catch (cause) {
    throw missing(path, dir, cause);
  }
  if (!target.startsWith(realDir + sep)) {
    throw new ModelCoreError('UNSAFE_PATH', `${path} is a link that leads out of the artifact folder`, { file: path });
  }
  let handle: FileHandle;
  try {
    handle = await open(target, OPEN_FLAGS);
  } catch (cause) {
    throw missing(path, dir, cause);
  }
  const stats = await handle.stat();
  if (stats.isFile()) return { handle, stats };
  await handle.close();
  throw missing(path, dir);
}

/** Size and SHA-256 of a file of an artifact folder, read in pieces. */
export async function digestFile(folder: ArtifactFolder, path: string): Promise<{ sizeBytes: number; sha256: string }> {
  const { handle } = await openArtifactFile(folder, path);
  try {
    const hash = createHash('sha256');
    const sizeBytes = await hashInto(hash, handle);
    return { sizeBytes, sha256: hash.digest('hex') };
  } finally {
    await handle.close();
  }
}

async function hashInto(hash: Hash, handle: FileHandle): Promise<number> {
  const chunk = Buffer.allocUnsafe(HASH_CHUNK_BYTES);
  for (let position = 0; ;) {
    const { bytesRead } = await handle.read(chunk, 0, chunk.length, position);
    if (bytesRead === 0) return position;
    hash.update(chunk.subarray(0, bytesRead));
    position += bytesRead;
  }
}

/** Writes under a temporary name, syncs file and folder, and renames: readers see the old file or the new one. */
export async function writeFileDurably(dir: string, name: string, contents: string): Promise<void> {
  const temporary = join(dir, `.${name}.${process.pid}.tmp`);
  try {
    const handle = await open(temporary, 'w');
    try {
      await handle.writeFile(contents);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, join(dir, name));
  } catch (cause) {
    await rm(temporary, { force: true });
    throw cause;
  }
  await syncFolder(dir);
}

async function syncFolder(dir: string): Promise<void> {
  if (process.platform === 'win32') return; // a folder cannot be opened there
  const handle = await open(dir, constants.O_RDONLY);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

const notFound = (dir: string, cause?: unknown): ModelCoreError =>
  new ModelCoreError('ARTIFACT_NOT_FOUND', `the artifact folder ${dir} does not exist`, { cause });

function missing(path: string, dir: string, cause?: unknown): ModelCoreError {
  return new ModelCoreError('FILE_MISSING', `${path} is not a readable file of ${dir}`, { file: path, cause });
}
