import { DTYPE_BYTES, type SafetensorsDtype } from './dtype.js';
import { SafetensorsError } from './safetensors-error.js';

/** A tensor as it lies in a file: row-major elements, little-endian. */
export interface StoredTensor {
  readonly dtype: SafetensorsDtype;
  readonly shape: readonly number[];
  /** Raw bytes; decoding gives a view of the file's bytes, at any alignment. */
  readonly data: Uint8Array;
}

/** Throws `INVALID_SHAPE` where the shape does not describe the bytes beside it. */
export function requireByteLength({ dtype, shape, data }: StoredTensor, subject: string): void {
  if (storedByteLength(dtype, shape) === data.length) return;
  throw new SafetensorsError(
    'INVALID_SHAPE',
    `${subject}: ${dtype} [${shape.join(', ')}] does not take ${data.length} bytes`,
  );
}

/** Bytes that `shape` takes, or `undefined` when a size is not a natural number or the product leaves the exact integers. */
export function storedByteLength(dtype: SafetensorsDtype, shape: readonly number[]): number | undefined {
  let bytes: number = DTYPE_BYTES[dtype];
  let valid = true;
  for (const size of shape) {
    bytes *= size;
    valid &&= Number.isSafeInteger(size) && size >= 0 && Number.isSafeInteger(bytes);
  }
  return valid ? bytes : undefined;
}
