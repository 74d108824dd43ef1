export type OnnxFormatErrorCode = 'MODEL_TOO_LARGE' | 'MALFORMED_MODEL';

/** Raised when bytes are not an ONNX model, or a model cannot become bytes. */
export class OnnxFormatError extends Error {
  override readonly name = 'OnnxFormatError';

  constructor(
    readonly code: OnnxFormatErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
