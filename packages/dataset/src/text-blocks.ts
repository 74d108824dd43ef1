import { isUtf8 } from 'node:buffer';
import { createReadStream } from 'node:fs';
import { type Readable, pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';

import { DatasetError } from './dataset-error.js';

const BLOCK_BYTES = 2 ** 20;
const LINE_FEED = 0x0a;
const BYTE_ORDER_MARK = 0xfeff;

/**
 * Reads a text file, gunzipped when its name ends in `.gz`, as blocks of whole lines of about 1 MiB, so that memory does not
 * grow with the file. The byte order mark is removed, and lone carriage returns (classic Mac OS) become line feeds.
 * Throws FILE_NOT_FOUND, UNREADABLE_FILE, NOT_GZIP and NOT_UTF8 (with the line).
 */
export async function* readTextBlocks(file: string): AsyncGenerator<string, void, void> {
  let line = 1;
  for await (const block of readLineBlocks(file)) {
    if (!isUtf8(block)) throw notUtf8(file, block, line);
    const text = block.toString('utf8');
    yield line === 1 ? normalizeStart(text) : text;
    line += countByte(block, LINE_FEED);
  }
}

// A line feed never occurs inside a multi-byte character of UTF-8, so a block that ends with one decodes by itself.
async function* readLineBlocks(file: string): AsyncGenerator<Buffer, void, void> {
  let pending: Buffer[] = [];
  let pendingBytes = 0;
  for await (const chunk of readChunks(file)) {
    const end = pendingBytes + chunk.length < BLOCK_BYTES ? 0 : chunk.lastIndexOf(LINE_FEED) + 1;
    if (end > 0) {
      yield Buffer.concat([...pending, chunk.subarray(0, end)]);
      pending = [];
      pendingBytes = 0;
    }
    pending.push(chunk.subarray(end));
    pendingBytes += chunk.length - end;
  }
  if (pendingBytes > 0) yield Buffer.concat(pending);
}

async function* readChunks(file: string): AsyncGenerator<Buffer, void, void> {
  const source = openBytes(file);
  try {
    for await (const chunk of source) yield chunk as Buffer;
  } catch (cause) {
    throw unreadable(file, cause as NodeJS.ErrnoException);
  }
}

function openBytes(file: string): Readable {
  const bytes = createReadStream(file, { highWaterMark: BLOCK_BYTES });
  if (!file.endsWith('.gz')) return bytes;
  // The callback has nothing to do: an error of either stream reaches whoever iterates over the last one.
  return pipeline(bytes, createGunzip({ chunkSize: BLOCK_BYTES }), () => undefined);
}

export function unreadable(file: string, cause: NodeJS.ErrnoException): DatasetError {
  if (cause.code === 'ENOENT')
    return new DatasetError('FILE_NOT_FOUND', 'expected a file, found none', { file }, { cause });
  if (cause.code?.startsWith('Z_')) {
    const problem = `expected a complete gzip file, as the name ends in .gz (${cause.message})`;
    return new DatasetError('NOT_GZIP', problem, { file }, { cause });
  }
  return new DatasetError(
    'UNREADABLE_FILE',
    `expected a readable file, got ${cause.code ?? cause.message}`,
    { file },
    { cause },
  );
}

function normalizeStart(text: string): string {
  const body = text.charCodeAt(0) === BYTE_ORDER_MARK ? text.slice(1) : text;
  return body.includes('\n') ? body : body.replaceAll('\r', '\n');
}

const FOREIGN_SIGNATURES: readonly { readonly bytes: readonly number[]; readonly found: string }[] = [
  { bytes: [0xff, 0xfe], found: 'UTF-16' },
  { bytes: [0xfe, 0xff], found: 'UTF-16' },
  { bytes: [0x1f, 0x8b], found: 'gzip data (name such a file .csv.gz)' },
  { bytes: [0x50, 0x4b, 0x03, 0x04], found: 'a ZIP archive (unpack it first)' },
];

function notUtf8(file: string, block: Buffer, firstLine: number): DatasetError {
  const foreign = FOREIGN_SIGNATURES.find(
    ({ bytes }) => firstLine === 1 && bytes.every((byte, i) => block[i] === byte),
  );
  const found = foreign?.found ?? 'bytes that are not';
  return new DatasetError('NOT_UTF8', `expected UTF-8 text, got ${found}`, {
    file,
    line: firstBadLine(block, firstLine),
  });
}

function firstBadLine(block: Buffer, firstLine: number): number {
  let line = firstLine;
  for (let start = 0; start < block.length; line++) {
    const lineFeed = block.indexOf(LINE_FEED, start);
    const end = lineFeed === -1 ? block.length : lineFeed + 1;
    if (!isUtf8(block.subarray(start, end))) return line;
    start = end;
  }
  return line;
}

function countByte(bytes: Buffer, byte: number): number {
  let count = 0;
  for (let i = bytes.indexOf(byte); i !== -1; i = bytes.indexOf(byte, i + 1)) count++;
  return count;
}
