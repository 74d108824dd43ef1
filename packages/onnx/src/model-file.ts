import { fromBinary, toBinary } from '@bufbuild/protobuf';

import { type GraphProto, type ModelProto, ModelProtoSchema, type TensorProto } from './generated/onnx_pb.js';
import { OnnxFormatError } from './onnx-format-error.js';

/** Protobuf's own limit on one message: 2^31 − 1 bytes. Larger models need external data, which this project refuses. */
export const MAX_MODEL_BYTES = 2 ** 31 - 1;

/** Serializes a model. Throws `MODEL_TOO_LARGE` before any allocation when the tensors alone pass protobuf's 2 GB. */
export function encodeModel(model: ModelProto): Uint8Array {
  const tensorBytes = model.graph ? graphTensorBytes(model.graph) : 0;
  if (tensorBytes > MAX_MODEL_BYTES) {
    throw new OnnxFormatError(
      'MODEL_TOO_LARGE',
      `the model's tensors take ${tensorBytes} bytes, but one ONNX file holds at most ${MAX_MODEL_BYTES}`,
    );
  }
  return toBinary(ModelProtoSchema, model);
}

/** Parses the bytes of an `.onnx` file. Throws `MALFORMED_MODEL` when they are not a ModelProto with a graph. */
export function decodeModel(bytes: Uint8Array): ModelProto {
  let model: ModelProto;
  try {
    model = fromBinary(ModelProtoSchema, bytes);
  } catch (cause) {
    throw new OnnxFormatError('MALFORMED_MODEL', `expected an ONNX model, got ${bytes.length} bytes that are not one`, {
      cause,
    });
  }
  if (!model.graph) {
    throw new OnnxFormatError(
      'MALFORMED_MODEL',
      `expected an ONNX model with a graph, got ${bytes.length} bytes without`,
    );
  }
  return model;
}

function graphTensorBytes(graph: GraphProto): number {
  const attributeBytes = graph.node
    .flatMap((node) => node.attribute)
    .reduce((sum, attribute) => {
      const nested = [...attribute.graphs, ...(attribute.g ? [attribute.g] : [])];
      return (
        sum + (attribute.t ? tensorBytes(attribute.t) : 0) + nested.reduce((n, inner) => n + graphTensorBytes(inner), 0)
      );
    }, 0);
  return attributeBytes + graph.initializer.reduce((sum, tensor) => sum + tensorBytes(tensor), 0);
}

function tensorBytes(tensor: TensorProto): number {
  return tensor.rawData.length + 4 * tensor.floatData.length + 8 * (tensor.int64Data.length + tensor.doubleData.length);
}
