import { create, encodeModel, type GraphProto, type ModelProto, ModelProtoSchema } from '@marquee/onnx';

import { Emitter } from './emitter.js';
import { MICROSOFT_DOMAIN } from './op-table.js';
import type { Tensor } from './tensor.js';

/** The operator set that graphs are written in; IR version 9 came with it. */
const OPSET_VERSION = 20n;
const IR_VERSION = 9n;

export interface Graph {
  readonly name: string;
  /** Tensors made with `input`, in the order in which the model declares them. */
  readonly inputs: readonly Tensor[];
  readonly outputs: Readonly<Record<string, Tensor>>;
}

/** The graph as ONNX, with no node that no output needs. */
export function toGraphProto({ name, inputs, outputs }: Graph): GraphProto {
  return new Emitter(inputs).graph(name, outputs);
}

export function toModelProto(graph: GraphProto): ModelProto {
  return create(ModelProtoSchema, {
    irVersion: IR_VERSION,
    producerName: 'marquee',
    opsetImport: [
      { domain: '', version: OPSET_VERSION },
      { domain: MICROSOFT_DOMAIN, version: 1n },
    ],
    graph,
  });
}

/** The bytes of a `.onnx` file. Throws an `OnnxFormatError` when they would pass protobuf's 2 GB. */
export const toModel = (graph: Graph): Uint8Array => encodeModel(toModelProto(toGraphProto(graph)));
