export type DistilBertErrorCode = 'INVALID_CONFIG' | 'WEIGHTS_MISMATCH' | 'MISSING_HEAD' | 'NOT_CONVERTIBLE';

/** Raised when a configuration or a checkpoint cannot become this architecture. */
export class DistilBertError extends Error {
  override readonly name = 'DistilBertError';

  constructor(
    readonly code: DistilBertErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
