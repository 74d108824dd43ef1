export type AutogradErrorCode =
  | 'SHAPE_MISMATCH'
  | 'DTYPE_MISMATCH'
  | 'INVALID_ATTRIBUTE'
  | 'NOT_DIFFERENTIABLE'
  | 'UNNAMED_OUTPUT'
  | 'DUPLICATE_INPUT'
  | 'DUPLICATE_CONSTANT'
  | 'DUPLICATE_NAME'
  | 'UNBOUND_DIMENSION'
  | 'INVARIANT';

/** Raised while a graph is built, differentiated or emitted; never while it runs. */
export class AutogradError extends Error {
  override readonly name = 'AutogradError';

  constructor(
    readonly code: AutogradErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
