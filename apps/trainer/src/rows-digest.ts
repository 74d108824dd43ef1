import { createHash } from 'node:crypto';

/** SHA-256 over row digests, in order: which rows a part has, as the digest of their file does not tell. */
export const digestOfRows = (rowDigests: readonly string[]): string =>
  createHash('sha256').update(rowDigests.join('\n')).digest('hex');
