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
