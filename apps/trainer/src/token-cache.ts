import { createHash } from 'node:crypto';
import { readdir, readFile, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';

import { decodeSafetensors, encodeSafetensors, type StoredTensor } from '@marquee/safetensors';

import { writeDurably } from './durable-write.js';
import type { TokenTable } from './token-table.js';

/** Everything that decides the ids of a file's texts. */
export interface TokenCacheKey {
  /** Digest of the file's bytes. */
  readonly fileSha256: string;
  readonly textColumn: string;
  /** Rows read of the file; null for all. */
  readonly maxRows: number | null;
  /** See `tokenizerDigest`. */
  readonly tokenizerSha256: string;
  readonly maxLength: number;
  readonly truncation: string;
}

/** A folder of token tables that were made once, each under the digest of its key. Losing it costs time alone. */
export interface TokenCache {
  /** The table of a key, or undefined where there is none, or one that is damaged or of another key. */
  read(key: TokenCacheKey): Promise<TokenTable | undefined>;
  /** Throws `WRITE_FAILED`. */
  write(key: TokenCacheKey, table: TokenTable): Promise<void>;
}

/** To be raised when the tokenizer's code gives other ids for the same files, or the layout changes. */
const CACHE_FORMAT = 'marquee-tokens-1';
const ENDING = '.safetensors';

export interface TokenCacheOptions {
  /** Tables beyond this are removed, those that lay unused longest first. Default 1e9, some 30 times the 25,000 IMDb training reviews at 256 tokens. */
  readonly maxBytes?: number;
}

/** Opens the cache in a folder, which is made at the first write. */
export function openTokenCache(dir: string, { maxBytes = 1e9 }: TokenCacheOptions = {}): TokenCache {
  const pathOf = (key: TokenCacheKey): string => join(dir, `${sha256(describeKey(key)).slice(0, 32)}${ENDING}`);
  return {
    async read(key) {
      const path = pathOf(key);
      const bytes = await readFile(path).catch(() => undefined);
      const table = bytes && decodeTable(bytes, describeKey(key));
      const now = new Date();
      if (table) await utimes(path, now, now).catch(() => undefined); // says "used"; a read-only cache is none the worse
      return table;
    },
    async write(key, table) {
      await writeDurably(pathOf(key), encodeTable(table, describeKey(key)));
      await removeOldest(dir, maxBytes);
    },
  };
}

/** What the ids depend on beside the text and its cut: the tokenizer's two files. */
export const tokenizerDigest = (tokenizerJson: unknown, tokenizerConfig: unknown): string =>
  sha256(JSON.stringify([tokenizerJson, tokenizerConfig]));

const describeKey = ({
  fileSha256,
  textColumn,
  maxRows,
  tokenizerSha256,
  maxLength,
  truncation,
}: TokenCacheKey): string =>
  JSON.stringify([CACHE_FORMAT, fileSha256, textColumn, maxRows, tokenizerSha256, maxLength, truncation]);

function encodeTable({ ids, lengths, tokenCounts }: TokenTable, key: string): Uint8Array {
  const tensors = [
    ['ids', toTensor('I32', ids)],
    ['lengths', toTensor('U32', lengths)],
    ['token_counts', toTensor('U32', tokenCounts)],
  ] as const;
  return encodeSafetensors(tensors, { key, data: digestOf([ids, lengths, tokenCounts]) });
}

/** Nothing in the file is believed: not its name, its sizes, or that its bytes are those that were written. */
function decodeTable(bytes: Uint8Array, key: string): TokenTable | undefined {
  try {
    const { tensors, metadata } = decodeSafetensors(bytes);
    if (metadata['key'] !== key) return undefined;
    const ids = toArray(Int32Array, tensors.get('ids'), 'I32');
    const lengths = toArray(Uint32Array, tensors.get('lengths'), 'U32');
    const tokenCounts = toArray(Uint32Array, tensors.get('token_counts'), 'U32');
    if (!ids || !lengths || !tokenCounts || tokenCounts.length !== lengths.length) return undefined;
    const total = lengths.reduce((sum, length) => sum + length, 0);
    const isWhole = total === ids.length && metadata['data'] === digestOf([ids, lengths, tokenCounts]);
    return isWhole ? { ids, lengths, tokenCounts } : undefined;
  } catch {
    return undefined; // cut short, or no safetensors file
  }
}

type IdArray = Int32Array | Uint32Array;

const bytesOf = (array: IdArray): Uint8Array => new Uint8Array(array.buffer, array.byteOffset, array.byteLength);

const toTensor = (dtype: 'I32' | 'U32', array: IdArray): StoredTensor => {
  return { dtype, shape: [array.length], data: bytesOf(array) };
};

/** A copy, because the bytes of a tensor may lie at any offset. */
function toArray<T extends IdArray>(
  type: new (buffer: ArrayBuffer) => T,
  tensor: StoredTensor | undefined,
  dtype: 'I32' | 'U32',
): T | undefined {
  return tensor?.dtype === dtype && tensor.shape.length === 1
    ? new type(new Uint8Array(tensor.data).buffer)
    : undefined;
}

function digestOf(arrays: readonly IdArray[]): string {
  const hash = createHash('sha256');
  for (const array of arrays) hash.update(bytesOf(array));
  return hash.digest('hex');
}

async function removeOldest(dir: string, maxBytes: number): Promise<void> {
  const names = (await readdir(dir)).filter((name) => name.endsWith(ENDING));
  const found = await Promise.all(
    names.map(async (name) => {
      const path = join(dir, name);
      const { size, mtimeMs } = await stat(path);
      return { path, size, mtimeMs };
    }),
  );
  let kept = 0;
  for (const { path, size } of found.sort((a, b) => b.mtimeMs - a.mtimeMs)) {
    kept += size;
    if (kept > maxBytes) await rm(path, { force: true });
  }
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
