export { MODEL_CORE_ERROR_CODES, ModelCoreError, type ModelCoreErrorCode } from './errors.js';
export {
  createSession,
  missingCudaLibraries,
  runtimeVersion,
  type Session,
  type SessionDevice,
  type SessionFetches,
  type SessionOptions,
  Tensor,
  type TensorType,
} from './runtime.js';
export type { JsonObject, JsonValue } from './json.js';
export { createTokenizerJson } from './tokenizer-json.js';
export { createTokenizer, type EncodedReview, type ReviewTokenizer, type TokenizerOptions } from './tokenizer.js';
export { type Truncation, TRUNCATIONS, truncateIds } from './truncation.js';
