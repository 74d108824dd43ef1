/** Why the process does not start, or stops: the one map from code to exit code (sysexits.h). */
export const EXIT_CODES = {
  INVALID_SETTINGS: 64, // EX_USAGE
  MODEL_UNUSABLE: 66, // EX_NOINPUT
  ADDRESS_UNAVAILABLE: 69, // EX_UNAVAILABLE
  KEYS_UNUSABLE: 74, // EX_IOERR
} as const;

export const EXIT_CODE_BUG = 70; // EX_SOFTWARE

export type StartErrorCode = keyof typeof EXIT_CODES;

/** Its message is the one sentence that the operator reads. */
export class StartError extends Error {
  override readonly name = 'StartError';
  readonly code: StartErrorCode;

  constructor(code: StartErrorCode, message: string, options?: { cause: unknown }) {
    super(message, options);
    this.code = code;
  }

  get exitCode(): number {
    return EXIT_CODES[this.code];
  }
}
