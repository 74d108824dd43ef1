import { floats, node, valueInfo } from '@marquee/fixtures';
import {
  create,
  encodeModel,
  GraphProtoSchema,
  ModelProtoSchema,
  type NodeProto,
  TensorProto_DataLocation,
  TensorProto_DataType,
  type TensorProto,
  type ValueInfoProto,
} from '@marquee/onnx';
import { describe, expect, it } from 'vitest';

import { checkSaliencyGraph } from '../../src/graph-policy.js';

const { FLOAT, INT64 } = TensorProto_DataType;
const WEIGHTS = new Map([['head.weight', [2, 4]]]);

interface Parts {
  readonly input?: ValueInfoProto[];
  readonly output?: ValueInfoProto[];
  readonly nodes?: NodeProto[];
  readonly initializer?: TensorProto[];
}

const INPUTS = [
  valueInfo('head.weight', FLOAT, [2, 4]),
  valueInfo('input_ids', INT64, [1, 'seq']),
  valueInfo('baseline_ids', INT64, [1, 'seq']),
  valueInfo('alphas', FLOAT, ['batch']),
];
const OUTPUTS = [valueInfo('logit', FLOAT, ['batch']), valueInfo('products', FLOAT, ['batch', 'seq'])];

function check({ input = INPUTS, output = OUTPUTS, nodes = [], initializer = [] }: Parts): () => void {
  const graph = create(GraphProtoSchema, { name: 'saliency', input, output, initializer, node: nodes });
  const bytes = encodeModel(create(ModelProtoSchema, { irVersion: 8n, graph }));
  return () => checkSaliencyGraph(bytes, { file: 'onnx/saliency.onnx', weights: WEIGHTS });
}

describe('the check of gradients', () => {
  it('takes weights of the model, ids and points, and gives logits and products', () => {
    expect(check({ nodes: [node('Identity', ['alphas'], ['logit'])] })).not.toThrow();
  });

  it.each([
    ['a weight of another shape', { input: [valueInfo('head.weight', FLOAT, [4, 2]), ...INPUTS.slice(1)] }],
    ['a weight of any shape', { input: [valueInfo('head.weight', FLOAT, ['rows', 4]), ...INPUTS.slice(1)] }],
    ['an input that is no weight', { input: [...INPUTS, valueInfo('other', FLOAT, [1])] }],
    ['no input for the points', { input: INPUTS.slice(0, 3) }],
    [
      'ids that are no integers',
      { input: [...INPUTS.slice(0, 1), valueInfo('input_ids', FLOAT, [1, 'seq']), ...INPUTS.slice(2)] },
    ],
    ['no products', { output: OUTPUTS.slice(0, 1) }],
    ['weights of its own, above 1 MB', { initializer: [floats('own', [300_000], new Float32Array(300_000))] }],
  ] as [string, Parts][])('refuses %s', (_, parts) => {
    expect(check(parts)).toThrow(expect.objectContaining({ code: 'INVALID_GRAPH', file: 'onnx/saliency.onnx' }));
  });

  it('refuses foreign operators and data outside the file', () => {
    const foreign = { ...node('Identity', ['alphas'], ['logit']), domain: 'com.example' };
    expect(check({ nodes: [foreign] })).toThrow(expect.objectContaining({ code: 'OPERATOR_NOT_ALLOWED' }));
    const external = { ...floats('own', [1], [1]), dataLocation: TensorProto_DataLocation.EXTERNAL };
    expect(check({ initializer: [external] })).toThrow(expect.objectContaining({ code: 'EXTERNAL_DATA' }));
  });
});
