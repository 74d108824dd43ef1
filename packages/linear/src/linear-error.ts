/**
 * - `INVALID_OPTION` an option, a label or the number of labels cannot be fitted with
 * - `INVALID_MODEL` bytes that are no linear model of this release, or numbers that a file cannot hold
 */
export type LinearErrorCode = 'INVALID_OPTION' | 'INVALID_MODEL';

/** Raised when a linear model cannot be fitted, read or written. Its message holds no text of a review. */
export class LinearError extends Error {
  override readonly name = 'LinearError';

  constructor(
    readonly code: LinearErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
