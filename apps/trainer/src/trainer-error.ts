/** Why a command stopped, and the exit code that says so: 2 for a wrong command line, as shells have it, 130 for Ctrl-C. */
export const EXIT_CODES = {
  INVALID_OPTION: 2,
  OUTPUT_NOT_EMPTY: 1,
  INVALID_CHECKPOINT: 1,
  INVALID_MODEL: 1,
  DOWNLOAD_FAILED: 1,
  NON_FINITE_LOSS: 1,
  WRITE_FAILED: 1,
  NOT_EQUIVALENT: 1,
  INTERRUPTED: 130,
} as const;

export type TrainerErrorCode = keyof typeof EXIT_CODES;

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
