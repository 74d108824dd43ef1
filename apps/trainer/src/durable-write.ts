import { type FileHandle, mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { TrainerError } from './trainer-error.js';

/** Writes a file so that after a crash it is there whole or not at all: temporary name, sync, rename, sync of the folder. */
export async function writeDurably(path: string, contents: Uint8Array | string): Promise<void> {
  const temporary = `${path}.tmp`;
  try {
    await mkdir(dirname(path), { recursive: true });
    await writeAndSync(temporary, contents);
    await rename(temporary, path);
    await syncFolder(dirname(path));
  } catch (cause) {
    await rm(temporary, { force: true }).catch(() => undefined); // a part of the path may be a file
    throw writeFailure(path, cause);
  }
}

/** Makes a folder where there is none and shows that it can be written to. Throws `WRITE_FAILED`. */
export async function requireWritableFolder(path: string): Promise<void> {
  const trial = join(path, '.write-test');
  await writeDurably(trial, '');
  await rm(trial);
}

/** Writes files into a folder that appears under its name only when all of them are on disk. */
export async function writeFolderDurably(path: string, files: ReadonlyMap<string, Uint8Array | string>): Promise<void> {
  const temporary = `${path}.tmp`;
  try {
    await rm(temporary, { recursive: true, force: true });
    await mkdir(temporary, { recursive: true });
    for (const [name, contents] of files) await writeAndSync(`${temporary}/${name}`, contents);
    await syncFolder(temporary);
    await rm(path, { recursive: true, force: true });
    await rename(temporary, path);
    await syncFolder(dirname(path));
  } catch (cause) {
    await rm(temporary, { recursive: true, force: true }).catch(() => undefined);
    throw writeFailure(path, cause);
  }
}

async function writeAndSync(path: string, contents: Uint8Array | string): Promise<void> {
  await withHandle(await open(path, 'w'), async (file) => {
    await file.writeFile(contents);
    await file.sync();
  });
}

async function syncFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return; // folders cannot be opened there, and renames are journaled
  await withHandle(await open(path, 'r'), (folder) => folder.sync());
}

async function withHandle(handle: FileHandle, use: (handle: FileHandle) => Promise<void>): Promise<void> {
  try {
    await use(handle);
  } finally {
    await handle.close();
  }
}

const REASONS: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota is used up',
  EACCES: 'this user may not write there',
  EROFS: 'the file system is read-only',
  ENOTDIR: 'a part of the path is a file',
};

/** `WRITE_FAILED` for a file that could not be written, with the reason in words. */
export function writeFailure(path: string, cause: unknown): TrainerError {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  const reason = REASONS[code] ?? (cause instanceof Error ? cause.message : String(cause));
  return new TrainerError('WRITE_FAILED', `${path}: expected to write it, but ${reason}`, { cause });
}
