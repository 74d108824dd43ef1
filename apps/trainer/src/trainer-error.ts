export type TrainerErrorCode =
  | 'INVALID_OPTION'
  | 'OUTPUT_NOT_EMPTY'
  | 'INVALID_CHECKPOINT'
  | 'INVALID_MODEL'
  | 'NON_FINITE_LOSS'
  | 'WRITE_FAILED'
  | 'INTERRUPTED';

/** What stops a command, in one sentence for the person who typed it. */
export class TrainerError extends Error {
  override readonly name = 'TrainerError';

  constructor(
    readonly code: TrainerErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
