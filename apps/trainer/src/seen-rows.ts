import { readArtifact, readManifest } from '@marquee/model-core';

export const SEEN_ROWS_FILE = 'seen-rows.bin';
const DIGEST_BYTES = 8;

/** Row digests (16 hexadecimal digits each) as sorted bytes without repeats. */
export function encodeSeenRows(digests: ReadonlySet<string>): Uint8Array {
  return Buffer.from([...digests].sort().join(''), 'hex');
}

export function decodeSeenRows(bytes: Uint8Array): Set<string> {
  const hex = Buffer.from(bytes).toString('hex');
  const width = 2 * DIGEST_BYTES;
  return new Set(Array.from({ length: Math.floor(hex.length / width) }, (_, i) => hex.slice(i * width, (i + 1) * width)));
}

/** Digests of the rows that a model or a parent of it was trained on; none for a folder that is no artifact of ours. */
export async function readSeenRows(dir: string): Promise<Set<string>> {
  const manifest = await readManifest(dir).catch(() => undefined);
  if (!manifest?.seenRows) return new Set();
  const artifact = await readArtifact(dir, { files: [manifest.seenRows.file] });
  return decodeSeenRows(artifact.bytes(manifest.seenRows.file));
}
