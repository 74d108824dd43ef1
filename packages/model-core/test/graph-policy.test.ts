import { floats, node, tinyModel, valueInfo } from '@marquee/fixtures';
import {
  AttributeProto_AttributeType,
  AttributeProtoSchema,
  create,
  encodeModel,
  GraphProtoSchema,
  type ModelProto,
  type NodeProto,
  TensorProto_DataLocation,
  TensorProto_DataType,
  type TensorProto,
} from '@marquee/onnx';
import { describe, expect, it } from 'vitest';

import { checkGraph } from '../src/index.js';

const VOCAB_SIZE = 5;
const EXPECTATIONS = { file: 'onnx/model.onnx', vocabSize: VOCAB_SIZE };

function changed(change: (model: ModelProto, nodes: NodeProto[]) => void): () => unknown {
  const model = tinyModel(new Float32Array(2 * VOCAB_SIZE));
  change(model, model.graph?.node ?? []);
  return () => checkGraph(encodeModel(model), EXPECTATIONS);
}

function external(): TensorProto {
  return {
    ...floats('elsewhere', [1], [1]),
    dataLocation: TensorProto_DataLocation.EXTERNAL,
    rawData: new Uint8Array(),
  };
}

/** A node that carries something in one attribute. */
function carrier(attribute: Parameters<typeof create<typeof AttributeProtoSchema>>[1]): NodeProto {
  return { ...node('Identity', ['logits'], ['carried']), attribute: [create(AttributeProtoSchema, attribute)] };
}

function nested(tensor: TensorProto): NodeProto {
  const g = create(GraphProtoSchema, { name: 'inner', initializer: [tensor] });
  const inner = carrier({ name: 'then_branch', type: AttributeProto_AttributeType.GRAPH, g });
  return carrier({
    name: 'body',
    type: AttributeProto_AttributeType.GRAPHS,
    graphs: [create(GraphProtoSchema, { node: [inner] })],
  });
}

describe('checkGraph', () => {
  it('takes a classifier and names its inputs', () => {
    expect(changed(() => undefined)()).toEqual({ inputNames: ['input_ids', 'attention_mask'], largestInt8Weight: 0 });
  });

  it('takes a graph without attention_mask', () => {
    expect(changed((model) => model.graph?.input.pop())()).toEqual({ inputNames: ['input_ids'], largestInt8Weight: 0 });
  });

  it('refuses what is no ONNX model', () => {
    const bytes = encodeModel(tinyModel(new Float32Array(2 * VOCAB_SIZE)));
    for (const damaged of [new Uint8Array(), new Uint8Array(64).fill(0xff), bytes.subarray(0, bytes.length - 9)]) {
      expect(() => checkGraph(damaged, EXPECTATIONS)).toThrow(expect.objectContaining({ code: 'INVALID_GRAPH' }));
    }
  });
});

describe('data outside the file', () => {
  it.each<[string, (model: ModelProto, nodes: NodeProto[]) => void]>([
    ['an initializer', (model) => model.graph?.initializer.push(external())],
    [
      'an initializer that names a file and is not marked',
      (model) =>
        model.graph?.initializer.push({
          ...floats('sly', [1], [1]),
          externalData: [{ $typeName: 'onnx.StringStringEntryProto', key: 'location', value: '/etc/passwd' }],
        }),
    ],
    [
      'a constant',
      (_, nodes) => nodes.push(carrier({ name: 'value', type: AttributeProto_AttributeType.TENSOR, t: external() })),
    ],
    ['a list of constants', (_, nodes) => nodes.push(carrier({ name: 'values', tensors: [external()] }))],
    ['a nested graph', (_, nodes) => nodes.push(nested(external()))],
    [
      'a sparse initializer',
      (model) =>
        model.graph?.sparseInitializer.push({ $typeName: 'onnx.SparseTensorProto', dims: [1n], values: external() }),
    ],
    [
      'a sparse constant',
      (_, nodes) => nodes.push(carrier({ name: 'sparse_value', sparseTensor: { dims: [1n], indices: external() } })),
    ],
    [
      'a function',
      (model) =>
        model.functions.push({
          $typeName: 'onnx.FunctionProto',
          name: 'f',
          domain: 'com.microsoft',
          overload: '',
          docString: '',
          input: [],
          output: [],
          attribute: [],
          attributeProto: [],
          opsetImport: [],
          valueInfo: [],
          metadataProps: [],
          node: [nested(external())],
        }),
    ],
    [
      'a training graph',
      (model) =>
        model.trainingInfo.push({
          $typeName: 'onnx.TrainingInfoProto',
          initializationBinding: [],
          updateBinding: [],
          algorithm: create(GraphProtoSchema, { initializer: [external()] }),
        }),
    ],
  ])('is refused in %s', (_, change) => {
    expect(changed(change)).toThrow(expect.objectContaining({ code: 'EXTERNAL_DATA', file: 'onnx/model.onnx' }));
  });
});

describe('an operator', () => {
  it.each([
    ['', 'Gelu'],
    ['ai.onnx', 'Loop'],
    ['com.microsoft', 'DynamicQuantizeMatMul'],
    ['com.microsoft', 'MultiHeadAttention'],
  ])('of domain "%s" named %s is allowed', (domain, opType) => {
    expect(changed((_, nodes) => nodes.push({ ...node(opType, ['logits'], ['more']), domain }))).not.toThrow();
  });

  it.each([
    ['com.microsoft', 'Inverse'],
    ['com.microsoft', 'PythonOp'],
    ['ai.onnx.ml', 'TreeEnsemble'],
    ['ai.onnx.contrib', 'Anything'],
    ['custom', 'Gelu'],
  ])('of domain "%s" named %s is refused, in nested graphs too', (domain, opType) => {
    const strange = { ...node(opType, ['logits'], ['more']), domain };
    const inner = create(GraphProtoSchema, { node: [strange] });
    const refusal = expect.objectContaining({ code: 'OPERATOR_NOT_ALLOWED', message: expect.stringContaining(opType) });
    expect(changed((_, nodes) => nodes.push(strange))).toThrow(refusal);
    expect(
      changed((_, nodes) => nodes.push(carrier({ name: 'g', type: AttributeProto_AttributeType.GRAPH, g: inner }))),
    ).toThrow(refusal);
  });
});

describe('the interface', () => {
  it.each<[string, (model: ModelProto) => void]>([
    [
      'another input',
      (model) => model.graph?.input.push(valueInfo('token_type_ids', TensorProto_DataType.INT64, ['b', 's'])),
    ],
    ['no input_ids', (model) => model.graph?.input.shift()],
    [
      'int32 ids',
      (model) => model.graph?.input.splice(0, 1, valueInfo('input_ids', TensorProto_DataType.INT32, ['b', 's'])),
    ],
    [
      'ids of rank 1',
      (model) => model.graph?.input.splice(0, 1, valueInfo('input_ids', TensorProto_DataType.INT64, ['s'])),
    ],
    [
      'no logits',
      (model) => model.graph?.output.splice(0, 1, valueInfo('scores', TensorProto_DataType.FLOAT, ['b', 2])),
    ],
    [
      'float16 logits',
      (model) => model.graph?.output.splice(0, 1, valueInfo('logits', TensorProto_DataType.FLOAT16, ['b', 2])),
    ],
    ['an embedding that ids do not read', (model) => model.graph?.node.shift()],
  ])('is refused with %s', (_, change) => {
    expect(changed(change)).toThrow(expect.objectContaining({ code: 'INVALID_GRAPH' }));
  });
});

describe('the embedding table', () => {
  it('must have a row for every token', () => {
    const grown = () => checkGraph(encodeModel(tinyModel(new Float32Array(2 * VOCAB_SIZE + 2))), EXPECTATIONS);
    expect(grown).toThrow(expect.objectContaining({ code: 'VOCABULARY_MISMATCH' }));
  });

  it('is found behind casts of the ids and of the table', () => {
    const behindCasts = (rows: number) => () => {
      const model = tinyModel(new Float32Array(2 * rows));
      const gather = model.graph?.node[0];
      if (gather) gather.input = ['wide', 'narrow'];
      model.graph?.node.unshift(
        node('Cast', ['table'], ['wide'], { to: TensorProto_DataType.FLOAT }),
        node('Cast', ['input_ids'], ['narrow'], { to: TensorProto_DataType.INT32 }),
      );
      return checkGraph(encodeModel(model), EXPECTATIONS);
    };
    expect(behindCasts(VOCAB_SIZE)).not.toThrow();
    expect(behindCasts(VOCAB_SIZE + 1)).toThrow(expect.objectContaining({ code: 'VOCABULARY_MISMATCH' }));
  });
});
