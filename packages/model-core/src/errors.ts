/** Every way in which this package refuses, with what it means. A code is stable; a message is not. */
export const MODEL_CORE_ERROR_CODES = {
  ARTIFACT_NOT_FOUND: 'the artifact folder does not exist or is no folder',
  FILE_MISSING: 'a file that the artifact needs is not there',
  INVALID_JSON: 'a JSON file is not JSON',
  INVALID_MANIFEST: 'manifest.json lacks a field or holds one of the wrong kind',
  UNSUPPORTED_FORMAT: 'manifest.json has a format version or a kind that this release does not read',
  UNSAFE_PATH: 'a path in the manifest leads out of the artifact folder',
  DIGEST_MISMATCH: 'a file is not the one that the manifest describes',
  INVALID_CONFIG: 'config.json lacks a field or holds one of the wrong kind',
  INVALID_WEIGHTS: 'linear.safetensors or model.safetensors cannot be read, or lacks what a graph needs',
  INVALID_TOKENIZER: 'tokenizer.json or tokenizer_config.json cannot be used',
  VOCABULARY_MISMATCH: 'tokenizer and model do not have the same vocabulary',
  INVALID_GRAPH: 'an ONNX file is damaged or has other inputs and outputs than a classifier',
  EXTERNAL_DATA: 'an ONNX file refers to data outside itself',
  OPERATOR_NOT_ALLOWED: 'an ONNX file uses an operator outside the allowed list',
  GRAPH_UNAVAILABLE: 'the asked-for graph is not in the artifact',
  DEVICE_UNAVAILABLE: 'the asked-for device cannot be used on this machine',
  SESSION_FAILED: 'ONNX Runtime could not build a session from the model',
  RUN_FAILED: 'ONNX Runtime could not run the model',
  GOLDEN_MISMATCH: 'a golden input has another label or other logits here than where the artifact was made',
  SALIENCY_UNAVAILABLE: 'the artifact has no gradients for explanations',
  DEADLINE_EXCEEDED: 'an explanation had too little time for a first estimate',
  INVALID_INPUT: 'a text, token id or option is not acceptable',
  CLOSED: 'the classifier or session was closed before',
} as const;

export type ModelCoreErrorCode = keyof typeof MODEL_CORE_ERROR_CODES;

export interface ModelCoreErrorDetails {
  /** The artifact's file that is at fault, as a path relative to its folder. */
  readonly file?: string;
  readonly cause?: unknown;
}

/** The one error class of this package. Its message never contains a text that was to be classified. */
export class ModelCoreError extends Error {
  override readonly name = 'ModelCoreError';
  readonly file: string | undefined;

  constructor(
    readonly code: ModelCoreErrorCode,
    message: string,
    details: ModelCoreErrorDetails = {},
  ) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.file = details.file;
  }
}

/** The message of anything that was thrown. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
