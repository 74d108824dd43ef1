import { dtypeRank, isSafetensorsDtype } from './dtype.js';
import { SafetensorsError } from './safetensors-error.js';
import { requireByteLength, type StoredTensor } from './stored-tensor.js';

/** Data starts at a multiple of this, so that a typed array can look at it in place. */
const ALIGNMENT = 8;
const LENGTH_BYTES = 8;

type NamedTensor = readonly [name: string, tensor: StoredTensor];

/**
 * Writes a safetensors file: the same bytes as the reference implementation, which sorts by dtype (widest first, so that
 * every tensor is aligned to its element) and then by name.
 * @param metadata several versions of transformers refuse a file without `format`
 */
export function encodeSafetensors(
  tensors: Iterable<NamedTensor>,
  metadata: Readonly<Record<string, string>> = { format: 'pt' },
): Uint8Array<ArrayBuffer> {
  const ordered = [...tensors].sort(compareNamedTensors);
  for (const named of ordered) requireWritable(named);
  const { header, dataBytes } = layOut(ordered, metadata);
  const file = new Uint8Array(LENGTH_BYTES + header.length + dataBytes);
  new DataView(file.buffer).setBigUint64(0, BigInt(header.length), true);
  file.set(header, LENGTH_BYTES);
  let position = LENGTH_BYTES + header.length;
  for (const [, tensor] of ordered) {
    file.set(tensor.data, position);
    position += tensor.data.length;
  }
  return file;
}

function compareNamedTensors([aName, a]: NamedTensor, [bName, b]: NamedTensor): number {
  return dtypeRank(b.dtype) - dtypeRank(a.dtype) || Buffer.compare(Buffer.from(aName), Buffer.from(bName));
}

function requireWritable([name, tensor]: NamedTensor): void {
  if (name === '__metadata__') {
    throw new SafetensorsError('INVALID_NAME', 'the name __metadata__ is reserved by the format');
  }
  if (!isSafetensorsDtype(tensor.dtype)) {
    throw new SafetensorsError('UNSUPPORTED_DTYPE', `tensor "${name}": unsupported dtype ${String(tensor.dtype)}`);
  }
  requireByteLength(tensor, `tensor "${name}"`);
}

function layOut(ordered: readonly NamedTensor[], metadata: Readonly<Record<string, string>>) {
  const entries = new Map<string, string>();
  let dataBytes = 0;
  for (const [name, { dtype, shape, data }] of ordered) {
    if (entries.has(name)) throw new SafetensorsError('INVALID_NAME', `tensor "${name}" is given twice`);
    const entry = { dtype, shape, data_offsets: [dataBytes, dataBytes + data.length] };
    entries.set(name, `${JSON.stringify(name)}:${JSON.stringify(entry)}`);
    dataBytes += data.length;
  }
  // Written by parts: a JavaScript object would move names that look like integers to the front.
  const json = `{${[`"__metadata__":${JSON.stringify(metadata)}`, ...entries.values()].join(',')}}`;
  const unpadded = new TextEncoder().encode(json);
  const header = new Uint8Array(Math.ceil(unpadded.length / ALIGNMENT) * ALIGNMENT).fill(0x20);
  header.set(unpadded);
  return { header, dataBytes };
}
