export type MetricsErrorCode =
  'EMPTY_INPUT' | 'LENGTH_MISMATCH' | 'INVALID_LABEL' | 'INVALID_PROBABILITY' | 'INVALID_MARGIN' | 'INVALID_OPTION';

/** Raised when labels, probabilities or options cannot be measured. */
export class MetricsError extends Error {
  override readonly name = 'MetricsError';

  constructor(
    readonly code: MetricsErrorCode,
    message: string,
  ) {
    super(message);
  }
}
