import { createHash, type Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';

import { writeFailure } from '../durable-write.js';
import { reasonOf } from '../network-failure.js';
import { TrainerError } from '../trainer-error.js';

/** A file of the hub, as the hub describes it. */
export interface RemoteFile {
  /** For messages: the model's name and the file's. */
  readonly subject: string;
  readonly sizeBytes: number;
  /** SHA-256 of a large file's bytes, or the Git object id (SHA-1) of a small one's. */
  readonly digest: string;
  /** The bytes from an offset on. */
  readonly read: (offset: number) => AsyncIterable<Uint8Array>;
  readonly onProgress: (bytes: number) => void;
}

/** In a row without a byte. A connection that breaks after some bytes may break as often as it likes. */
const MAX_FRUITLESS_ATTEMPTS = 3;

/**
 * Downloads a file to a path, where it appears only whole and with the right digest. What has arrived when a connection or a process breaks is kept beside
 * it as `<path>.incomplete`, and the rest asked for. Throws `DOWNLOAD_FAILED`; what then lies there is no worse than before.
 */
export async function downloadVerified(file: RemoteFile, path: string): Promise<void> {
  const incomplete = `${path}.incomplete`;
  await mkdir(dirname(path), { recursive: true }).catch((cause: unknown) => {
    throw writeFailure(path, cause);
  });
  // Where pieces of two versions or a damaged one were put together, the second try is from the start.
  for (let tries = 0; tries < 2; tries += 1) {
    await fetchRest(file, incomplete);
    if (await hasDigest(incomplete, file)) return rename(incomplete, path);
    await rm(incomplete);
  }
  throw new TrainerError(
    'DOWNLOAD_FAILED',
    `${file.subject}: expected bytes with the digest ${file.digest}, got others`,
  );
}

async function fetchRest(file: RemoteFile, incomplete: string): Promise<void> {
  let fruitless = 0;
  for (;;) {
    const before = await sizeOf(incomplete);
    if (before > file.sizeBytes) await rm(incomplete);
    if (before === file.sizeBytes) return;
    try {
      await append(file, incomplete, Math.min(before, file.sizeBytes));
    } catch (cause) {
      if (cause instanceof TrainerError) throw cause;
      fruitless = (await sizeOf(incomplete)) > before ? 0 : fruitless + 1;
      if (fruitless < MAX_FRUITLESS_ATTEMPTS) continue;
      const arrived = `${await sizeOf(incomplete)} of ${file.sizeBytes} bytes, which are kept`;
      const problem = `the download broke off after ${arrived} (${reasonOf(cause)}); the same command goes on`;
      throw new TrainerError('DOWNLOAD_FAILED', `${file.subject}: ${problem}`, { cause });
    }
  }
}

/** Throws a `TrainerError` for what another attempt would not change. */
async function append(file: RemoteFile, incomplete: string, offset: number): Promise<void> {
  const handle = await open(incomplete, offset === 0 ? 'w' : 'a').catch((cause: unknown) => {
    throw writeFailure(incomplete, cause);
  });
  try {
    let size = offset;
    for await (const chunk of file.read(offset)) {
      const fitting = chunk.subarray(0, file.sizeBytes - size); // a server that sends more is found out by the digest
      await handle.writeFile(fitting).catch((cause: unknown) => {
        throw writeFailure(incomplete, cause);
      });
      size += fitting.length;
      file.onProgress(size);
      if (fitting.length < chunk.length) break;
    }
    await handle.sync();
    if (size < file.sizeBytes) throw new Error(`the answer ended after ${size} bytes`);
  } finally {
    await handle.close();
  }
}

async function hasDigest(path: string, { digest, sizeBytes }: RemoteFile): Promise<boolean> {
  const hash = digest.length === 64 ? createHash('sha256') : gitBlobHash(sizeBytes);
  for await (const chunk of createReadStream(path)) hash.update(chunk as Uint8Array);
  return hash.digest('hex') === digest;
}

/** Git hashes a header with the size before the bytes. */
const gitBlobHash = (sizeBytes: number): Hash => createHash('sha1').update(`blob ${sizeBytes}\0`);

const sizeOf = (path: string): Promise<number> =>
  stat(path).then(
    ({ size }) => size,
    () => 0,
  );
