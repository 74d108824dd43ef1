import { DTYPE_BYTES, type SafetensorsDtype } from './dtype.js';

/** A tensor as it lies in a file: row-major elements, little-endian. */
export interface StoredTensor {
  readonly dtype: SafetensorsDtype;
  readonly shape: readonly number[];
  /** Raw bytes; decoding gives a view of the file's bytes, at any alignment. */
  readonly data: Uint8Array;
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
