import { isSafetensorsDtype } from './dtype.js';
import { SafetensorsError } from './safetensors-error.js';
import { type StoredTensor, storedByteLength } from './stored-tensor.js';

/** The reference implementation's limit on the JSON header. */
export const MAX_HEADER_BYTES = 100_000_000;

const LENGTH_BYTES = 8;
const MAX_NAME_IN_MESSAGE = 80;
const TENSOR_FIELDS = ['dtype', 'shape', 'data_offsets'];

export interface SafetensorsContents {
  /** In the order of the file's header. */
  readonly tensors: Map<string, StoredTensor>;
  readonly metadata: Record<string, string>;
}

interface Span {
  readonly name: string;
  readonly begin: number;
  readonly end: number;
}

/**
 * Reads a safetensors file. Every tensor's `data` is a view of `bytes`; nothing the header claims is allocated.
 * The tensors must tile the data exactly, as in the reference implementation (https://github.com/huggingface/safetensors).
 * @param subject what the messages call the file
 * @throws SafetensorsError for any header that the format forbids, duplicate keys included
 */
export function decodeSafetensors(bytes: Uint8Array, subject = 'safetensors file'): SafetensorsContents {
  const headerBytes = readHeaderLength(bytes, subject);
  const header = parseHeader(bytes.subarray(LENGTH_BYTES, LENGTH_BYTES + headerBytes), subject);
  const data = bytes.subarray(LENGTH_BYTES + headerBytes);
  const tensors = new Map<string, StoredTensor>();
  const spans: Span[] = [];
  for (const [name, entry] of header.entries) {
    const { tensor, begin, end } = readTensor(name, entry, data, subject);
    spans.push({ name, begin, end });
    tensors.set(name, tensor);
  }
  requireTiling(spans, data.length, subject);
  return { tensors, metadata: header.metadata };
}

function readHeaderLength(bytes: Uint8Array, subject: string): number {
  if (bytes.length < LENGTH_BYTES) {
    throw new SafetensorsError(
      'INVALID_HEADER',
      `${subject}: expected at least ${LENGTH_BYTES} bytes, got ${bytes.length}`,
    );
  }
  const length = new DataView(bytes.buffer, bytes.byteOffset, LENGTH_BYTES).getBigUint64(0, true);
  const available = Math.min(bytes.length - LENGTH_BYTES, MAX_HEADER_BYTES);
  if (length > BigInt(available)) {
    throw new SafetensorsError(
      'HEADER_TOO_LARGE',
      `${subject}: expected a header of at most ${available} bytes, got a header length of ${length}`,
    );
  }
  return Number(length);
}

function parseHeader(headerBytes: Uint8Array, subject: string) {
  const text = decodeHeaderText(headerBytes, subject);
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (cause) {
    throw new SafetensorsError('INVALID_HEADER', `${subject}: expected a JSON header, got text that is not JSON`, {
      // V8's message quotes the file, so only the kind of error is kept.
      cause: cause instanceof Error ? cause.name : undefined,
    });
  }
  if (!isRecord(parsed)) {
    throw new SafetensorsError('INVALID_HEADER', `${subject}: expected a JSON object as header`);
  }
  const all = Object.entries(parsed);
  const metadata = readMetadata(Object.hasOwn(parsed, '__metadata__') ? parsed['__metadata__'] : {}, subject);
  const entries = all.filter(([name]) => name !== '__metadata__');
  for (const [name, entry] of entries) requireTensorFields(name, entry, subject);
  // JSON.parse keeps the last of two equal keys: the tensor that a reader sees would depend on the reader.
  const expectedKeys = all.length + Object.keys(metadata).length + TENSOR_FIELDS.length * entries.length;
  if (countKeys(text) !== expectedKeys) {
    throw new SafetensorsError('INVALID_HEADER', `${subject}: expected each key of the header once, got a duplicate`);
  }
  return { entries, metadata };
}

function decodeHeaderText(headerBytes: Uint8Array, subject: string): string {
  if (headerBytes[0] !== 0x7b) {
    throw new SafetensorsError('INVALID_HEADER', `${subject}: expected a header that begins with "{"`);
  }
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(headerBytes);
  } catch (cause) {
    throw new SafetensorsError('INVALID_HEADER', `${subject}: expected a header in UTF-8`, { cause });
  }
}

function readMetadata(value: unknown, subject: string): Record<string, string> {
  if (!isRecord(value) || !Object.values(value).every((text) => typeof text === 'string')) {
    throw new SafetensorsError('INVALID_HEADER', `${subject}: expected __metadata__ to map names to strings`);
  }
  return value as Record<string, string>;
}

function requireTensorFields(name: string, entry: unknown, subject: string): void {
  const fields = isRecord(entry) ? Object.keys(entry) : [];
  if (fields.length !== TENSOR_FIELDS.length || !TENSOR_FIELDS.every((field) => fields.includes(field))) {
    throw new SafetensorsError(
      'INVALID_HEADER',
      `${subject}: tensor ${quote(name)}: expected exactly the fields ${TENSOR_FIELDS.join(', ')}`,
    );
  }
}

/** Each key of a JSON text is followed by one colon outside strings. */
function countKeys(json: string): number {
  let keys = 0;
  for (let at = 0, quoted = false; at < json.length; at++) {
    const unit = json.charCodeAt(at);
    if (quoted && unit === 0x5c) at++;
    else if (unit === 0x22) quoted = !quoted;
    else if (unit === 0x3a && !quoted) keys++;
  }
  return keys;
}

function readTensor(name: string, entry: unknown, data: Uint8Array, subject: string) {
  const { dtype, shape, data_offsets: offsets } = entry as Record<string, unknown>;
  const tensor = `${subject}: tensor ${quote(name)}`;
  if (!isSafetensorsDtype(dtype)) {
    const found = typeof dtype === 'string' ? quote(dtype) : `a value of type ${typeof dtype}`;
    throw new SafetensorsError('UNSUPPORTED_DTYPE', `${tensor}: expected a supported dtype, got ${found}`);
  }
  if (!isNaturals(shape)) {
    throw new SafetensorsError('INVALID_SHAPE', `${tensor}: expected a shape of natural numbers`);
  }
  if (!isNaturals(offsets) || offsets.length !== 2) {
    throw new SafetensorsError('INVALID_OFFSETS', `${tensor}: expected data_offsets to be two natural numbers`);
  }
  const [begin, end] = offsets as [number, number];
  if (begin > end || end > data.length) {
    throw new SafetensorsError(
      'INVALID_OFFSETS',
      `${tensor}: expected data_offsets within ${data.length} bytes of data, got [${begin}, ${end}]`,
    );
  }
  const expected = storedByteLength(dtype, shape);
  if (expected !== end - begin) {
    const needed = expected === undefined ? 'more bytes than can be counted' : `${expected} bytes`;
    throw new SafetensorsError(
      'INVALID_SHAPE',
      `${tensor}: its ${dtype} shape takes ${needed}, but its data_offsets span ${end - begin}`,
    );
  }
  return { tensor: { dtype, shape, data: data.subarray(begin, end) }, begin, end };
}

function requireTiling(spans: readonly Span[], dataBytes: number, subject: string): void {
  let position = 0;
  for (const { name, begin, end } of spans.toSorted((a, b) => a.begin - b.begin || a.end - b.end)) {
    if (begin !== position) {
      const fault = begin < position ? 'overlaps the tensor before it' : 'leaves a hole before it';
      throw new SafetensorsError(
        'INVALID_OFFSETS',
        `${subject}: tensor ${quote(name)} ${fault}: expected it to begin at ${position}, got ${begin}`,
      );
    }
    position = end;
  }
  if (position !== dataBytes) {
    throw new SafetensorsError(
      'INVALID_OFFSETS',
      `${subject}: expected ${position} bytes of data after the header, got ${dataBytes}`,
    );
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isNaturals(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((item) => Number.isSafeInteger(item) && item >= 0);
}

function quote(name: string): string {
  return JSON.stringify(name.length > MAX_NAME_IN_MESSAGE ? `${name.slice(0, MAX_NAME_IN_MESSAGE)}…` : name);
}
