export { decodeSafetensors, MAX_HEADER_BYTES, type SafetensorsContents } from './decode.js';
export { isSafetensorsDtype, type SafetensorsDtype } from './dtype.js';
export { encodeSafetensors } from './encode.js';
export { fromFloat32, toFloat32 } from './float-conversion.js';
export { SafetensorsError, type SafetensorsErrorCode } from './safetensors-error.js';
export type { StoredTensor } from './stored-tensor.js';
