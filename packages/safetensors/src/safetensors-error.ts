/**
 * - `HEADER_TOO_LARGE` the header passes the format's limit, or the end of the file
 * - `INVALID_HEADER` the header is not the JSON that the format defines
 * - `INVALID_OFFSETS` tensors overlap, leave a hole, or do not end where the file ends
 * - `INVALID_SHAPE` a shape does not describe the bytes beside it
 * - `INVALID_NAME` a name that cannot be written: taken twice, or reserved
 * - `UNSUPPORTED_DTYPE` a dtype that is unknown, or that the conversion does not take
 * - `OUT_OF_RANGE` a finite value that half precision cannot hold
 */
export type SafetensorsErrorCode =
  | 'HEADER_TOO_LARGE'
  | 'INVALID_HEADER'
  | 'INVALID_OFFSETS'
  | 'INVALID_SHAPE'
  | 'INVALID_NAME'
  | 'UNSUPPORTED_DTYPE'
  | 'OUT_OF_RANGE';

/** Raised when bytes are not a safetensors file, or when tensors cannot become one. */
export class SafetensorsError extends Error {
  override readonly name = 'SafetensorsError';

  constructor(
    readonly code: SafetensorsErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
