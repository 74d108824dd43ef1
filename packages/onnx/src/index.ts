export { create } from '@bufbuild/protobuf';
export {
  AttributeProto_AttributeType,
  AttributeProtoSchema,
  GraphProtoSchema,
  ModelProtoSchema,
  NodeProtoSchema,
  TensorProto_DataLocation,
  TensorProto_DataType,
  TensorProtoSchema,
  ValueInfoProtoSchema,
} from './generated/onnx_pb.js';
export type {
  AttributeProto,
  FunctionProto,
  GraphProto,
  ModelProto,
  NodeProto,
  SparseTensorProto,
  TensorProto,
  ValueInfoProto,
} from './generated/onnx_pb.js';
export { decodeModel, encodeModel, MAX_MODEL_BYTES } from './model-file.js';
export { OnnxFormatError, type OnnxFormatErrorCode } from './onnx-format-error.js';
