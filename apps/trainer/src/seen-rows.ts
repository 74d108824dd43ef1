import { readArtifact, readManifest } from '@marquee/model-core';

export const SEEN_ROWS_FILE = 'seen-rows.bin';
const DIGEST_BYTES = 8;

/** Row digests (16 hexadecimal digits each) as sorted bytes without repeats. */
export function encodeSeenRows(digests: ReadonlySet<string>): Uint8Array {
  return Buffer.from([...digests].sort().join(''), 'hex');
}

function decodeSeenRows(bytes: Uint8Array): Set<string> {
  const hex = Buffer.from(bytes).toString('hex');
  const width = 2 * DIGEST_BYTES;
  return new Set(
    Array.from({ length: Math.floor(hex.length / width) }, (_, i) => hex.slice(i * width, (i + 1) * width)),
  );
}

/** Digests of the rows that an artifact or a parent of it was trained on; none when its manifest names no file of them. */
export async function readSeenRows(dir: string): Promise<Set<string>> {
  const { seenRows } = await readManifest(dir);
  if (!seenRows) return new Set();
  const artifact = await readArtifact(dir, { files: [seenRows.file] });
  return decodeSeenRows(artifact.bytes(seenRows.file));
}
