import { randomBytes } from 'node:crypto';
import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { StartError } from '../lifecycle/start-error.js';
import { parseKeyRecord } from './key-record.js';
import type { KeyRecord } from './key-record.js';

/** A file of the directory that is no key. */
export interface BrokenKeyFile {
  readonly file: string;
  readonly reason: string;
}

export interface KeyFiles {
  readonly records: readonly KeyRecord[];
  readonly broken: readonly BrokenKeyFile[];
}

/** The names that hold keys: hidden ones are Kubernetes' own (`..data`) and those of files that are being written. */
const isKeyFile = (name: string): boolean => name.endsWith('.json') && !name.startsWith('.');

/** What reading a directory of keys ended with, as the operator is told of it. */
export function unreadableKeys(dir: string, cause: unknown): StartError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new StartError('KEYS_UNUSABLE', `${dir} must be a folder of keys that can be read, but ${reason}.`, { cause });
}

/** Reads every key of a directory; one that does not exist holds none. Throws what reading the directory throws. */
export async function readKeyFiles(dir: string): Promise<KeyFiles> {
  const records: KeyRecord[] = [];
  const broken: BrokenKeyFile[] = [];
  for (const path of await listKeyFiles(dir)) {
    try {
      records.push(parseKeyRecord(await readFile(path, 'utf8')));
    } catch (error) {
      broken.push({ file: basename(path), reason: error instanceof Error ? error.message : String(error) });
    }
  }
  return { records, broken };
}

/** Paths of the files that hold keys, in their order; a directory that does not exist has none. */
export async function listKeyFiles(dir: string): Promise<string[]> {
  try {
    return (await readdir(dir))
      .filter(isKeyFile)
      .sort()
      .map((file) => join(dir, file));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

/**
 * Writes a key's file so that after a crash it is there whole or not at all, for this user's eyes only (mode 600).
 * Throws StartError KEYS_UNUSABLE.
 */
export async function writeKeyFile(dir: string, record: KeyRecord): Promise<void> {
  const path = join(dir, `${record.id}.json`);
  const temporary = join(dir, `.${record.id}.${randomBytes(4).toString('hex')}`);
  try {
    await mkdir(dir, { recursive: true, mode: 0o700 });
    await using file = await open(temporary, 'wx', 0o600);
    await file.writeFile(`${JSON.stringify(record, undefined, 2)}\n`);
    await file.sync();
    await rename(temporary, path);
    if (process.platform !== 'win32') await syncFolder(dir); // Windows opens no folders, and journals renames
  } catch (cause) {
    await rm(temporary, { force: true }).catch(() => {}); // a part of the path may be a file
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new StartError('KEYS_UNUSABLE', `${path}: expected to write this key, but ${reason}.`, { cause });
  }
}

async function syncFolder(dir: string): Promise<void> {
  await using folder = await open(dir, 'r');
  await folder.sync();
}
