import {
  AttributeProto_AttributeType,
  AttributeProtoSchema,
  create,
  encodeModel,
  GraphProtoSchema,
  type ModelProto,
  ModelProtoSchema,
  type NodeProto,
  NodeProtoSchema,
  TensorProto_DataType,
  type TensorProto,
  TensorProtoSchema,
  type ValueInfoProto,
  ValueInfoProtoSchema,
} from '@marquee/onnx';

export function node(
  opType: string,
  input: string[],
  output: string[],
  integers: Record<string, number> = {},
): NodeProto {
  const attribute = Object.entries(integers).map(([name, i]) =>
    create(AttributeProtoSchema, { name, i: BigInt(i), type: AttributeProto_AttributeType.INT }),
  );
  return create(NodeProtoSchema, { opType, input, output, attribute });
}

export function floats(name: string, shape: number[], values: ArrayLike<number>): TensorProto {
  const rawData = new Uint8Array(Float32Array.from(values).buffer);
  return create(TensorProtoSchema, { name, dataType: TensorProto_DataType.FLOAT, dims: shape.map(BigInt), rawData });
}

function integers(name: string, values: number[]): TensorProto {
  const rawData = new Uint8Array(BigInt64Array.from(values, BigInt).buffer);
  return create(TensorProtoSchema, {
    name,
    dataType: TensorProto_DataType.INT64,
    dims: [BigInt(values.length)],
    rawData,
  });
}

export function valueInfo(name: string, elemType: TensorProto_DataType, shape: (string | number)[]): ValueInfoProto {
  const dim = shape.map((size) => ({
    value:
      typeof size === 'string'
        ? ({ case: 'dimParam', value: size } as const)
        : ({ case: 'dimValue', value: BigInt(size) } as const),
  }));
  return create(ValueInfoProtoSchema, {
    name,
    type: { value: { case: 'tensorType', value: { elemType, shape: { dim } } } },
  });
}

/**
 * A classifier that can be worked out by hand: the mean of the embeddings of the tokens that the mask lets through,
 * [batch, 2], times a 2 × 2 matrix. `table` has one row of two numbers per token.
 */
export function tinyModel(table: Float32Array, weights: readonly number[] = [1, 0, 0, 1]): ModelProto {
  return create(ModelProtoSchema, {
    irVersion: 8n,
    opsetImport: [
      { domain: '', version: 17n },
      { domain: 'com.microsoft', version: 1n },
    ],
    graph: create(GraphProtoSchema, {
      name: 'tiny',
      initializer: [
        floats('table', [table.length / 2, 2], table),
        floats('weights', [2, 2], weights),
        integers('axis', [1]),
        integers('last', [2]),
      ],
      input: ['input_ids', 'attention_mask'].map((name) =>
        valueInfo(name, TensorProto_DataType.INT64, ['batch', 'seq']),
      ),
      output: [valueInfo('logits', TensorProto_DataType.FLOAT, ['batch', 2])],
      node: [
        node('Gather', ['table', 'input_ids'], ['embedded']), // [batch, seq, 2]
        node('Cast', ['attention_mask'], ['mask'], { to: TensorProto_DataType.FLOAT }),
        node('Unsqueeze', ['mask', 'last'], ['column']), // [batch, seq, 1]
        node('Mul', ['embedded', 'column'], ['masked']),
        node('ReduceSum', ['masked', 'axis'], ['sum'], { keepdims: 0 }), // [batch, 2]
        node('ReduceSum', ['column', 'axis'], ['count'], { keepdims: 0 }), // [batch, 1]
        node('Div', ['sum', 'count'], ['mean']),
        node('MatMul', ['mean', 'weights'], ['logits']),
      ],
    }),
  });
}

export function tinyGraph(table: Float32Array, weights?: readonly number[]): Uint8Array {
  return encodeModel(tinyModel(table, weights));
}
