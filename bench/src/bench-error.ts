export type BenchErrorCode = 'INVALID_ARGUMENT' | 'CHILD_FAILED' | 'UNSUPPORTED';

/** Raised when a benchmark cannot be run as asked; the message is for a person. */
export class BenchError extends Error {
  override readonly name = 'BenchError';

  constructor(
    readonly code: BenchErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
