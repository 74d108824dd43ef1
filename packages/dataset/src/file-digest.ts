import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';

import { unreadable } from './text-blocks.js';

/** The SHA-256 of a file's bytes as they lie on disk (compressed, if they are), in hexadecimal. */
export async function fileDigest(file: string): Promise<string> {
  const sha256 = createHash('sha256');
  try {
    await pipeline(createReadStream(file), sha256);
  } catch (cause) {
    throw unreadable(file, cause as NodeJS.ErrnoException);
  }
  return sha256.digest('hex');
}
