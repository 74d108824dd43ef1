import { type GraphProto, OnnxFormatError } from '@marquee/onnx';
import { describe, expect, it } from 'vitest';

import {
  add,
  broadcastTo,
  constant,
  dimension,
  exp,
  gelu,
  input,
  mul,
  reduceMean,
  reduceSum,
  reshape,
  sin,
  slice,
  sub,
  type Tensor,
  toGraphProto,
  toModel,
} from '../src/index.js';
import { fed } from './support/fed-input.js';
import { run, withSession } from './support/run-graph.js';

const emit = (inputs: readonly Tensor[], outputs: Record<string, Tensor>): GraphProto =>
  toGraphProto({ name: 'test', inputs, outputs });
const opTypes = (graph: GraphProto): string[] => graph.node.map(({ opType }) => opType);

describe('emission', () => {
  it('writes equal nodes once', () => {
    const x = input('x', 'float32', [3]);
    const graph = emit([x], { y: add(mul(sin(x), exp(x)), mul(sin(x), exp(x))) });
    expect(opTypes(graph)).toEqual(['Sin', 'Exp', 'Mul', 'Add', 'Identity']);
  });

  it('tells nodes apart that differ in an attribute or in the order of their inputs', () => {
    const [x, y] = [input('x', 'float32', [2, 2]), input('y', 'float32', [2, 2])];
    const graph = emit([x, y], { a: sub(x, y), b: sub(y, x), c: reduceMean(x, [0]), d: reduceMean(x, [1]) });
    const counted = opTypes(graph).filter((opType) => opType !== 'Identity');
    expect(counted).toEqual(['Sub', 'Sub', 'ReduceMean', 'ReduceMean']);
  });

  it('writes the sum over the rows of a matrix as a product with ones, and every other sum as a reduction', () => {
    const x = input('x', 'float32', ['rows', 3]);
    expect(opTypes(emit([x], { y: reduceSum(x, [0]) }))).toContain('Gemm');
    expect(opTypes(emit([x], { y: reduceSum(x, [1]) }))).toContain('ReduceSum');
  });

  it('writes equal small constants once, and different ones apart', () => {
    const x = input('x', 'float32', [2]);
    const graph = emit([x], { a: mul(x, 3), b: add(x, 3), c: mul(x, 4) });
    expect(graph.initializer).toHaveLength(2);
  });

  it('writes equal large constants once, the same whatever was built before', () => {
    const x = input('x', 'float32', [20]);
    const large = (start: number): Tensor =>
      constant(
        Float32Array.from({ length: 20 }, (_, i) => start + i),
        'float32',
        [20],
      );
    const names = (): string[] =>
      emit([x], { a: mul(x, large(0)), b: add(x, large(0)), c: mul(x, large(1)) }).initializer.map(({ name }) => name);
    const first = names();
    expect(first).toHaveLength(2);
    expect(names()).toEqual(first);
  });

  it('writes no node that no output needs', () => {
    const x = input('x', 'float32', [3]);
    exp(gelu(x));
    expect(opTypes(emit([x], { y: sin(x) }))).toEqual(['Sin', 'Identity']);
  });

  it('declares inputs and outputs with their symbols', () => {
    const x = input('x', 'float32', ['batch', 3]);
    const [info] = emit([x], { y: sin(x) }).output;
    const type = info?.type?.value.case === 'tensorType' ? info.type.value.value : undefined;
    expect(type?.shape?.dim.map(({ value }) => value.value)).toEqual(['batch', 3n]);
  });

  it('gives one tensor under two names, and an input or a constant as an output', async () => {
    const x = fed('x', [2], [1, 2]);
    const y = mul(x.tensor, 2);
    const fixed = constant(Float32Array.of(7), 'float32', [1]);
    expect(await run([x], { a: y, b: y, same: x.tensor, fixed })).toEqual({
      a: [2, 4],
      b: [2, 4],
      same: [1, 2],
      fixed: [7],
    });
  });

  it('reads symbolic sizes off the inputs', async () => {
    const x = fed('x', [2, 3], [1, 2, 3, 4, 5, 6], { shape: ['batch', 'seq'] });
    const table = constant(Float32Array.of(10, 20, 30, 40, 50), 'float32', [5]);
    const outputs = {
      count: dimension('batch*seq'),
      row: slice(table, { axis: 0, end: 'seq' }),
      flat: reshape(x.tensor, ['batch*seq']),
      ones: broadcastTo(constant(Float32Array.of(1), 'float32', [1]), ['batch', 2]),
    };
    expect(await run([x], outputs)).toEqual({
      count: [6],
      row: [10, 20, 30],
      flat: [1, 2, 3, 4, 5, 6],
      ones: [1, 1, 1, 1],
    });
  });

  it('names initializers as their constants are named', () => {
    const weight = constant(Float32Array.of(1, 2), 'float32', [2], 'encoder.weight');
    const x = input('x', 'float32', [2]);
    expect(emit([x], { y: mul(x, weight) }).initializer.map(({ name }) => name)).toEqual(['encoder.weight']);
  });
});

describe('emission refuses', () => {
  const x = input('x', 'float32', ['batch', 3]);

  it('an output without a name', () => {
    expect(() => emit([x], { '': sin(x) })).toThrow('expected a name for each output, got "" for float32[batch, 3]');
  });

  it('two inputs of one name', () => {
    const twin = input('x', 'float32', [3]);
    expect(() => emit([x, twin], { y: add(x, twin) })).toThrow('expected distinct input names, got "x" twice');
  });

  it('two different constants of one name', () => {
    const named = (value: number): Tensor => constant(Float32Array.of(value), 'float32', [1], 'weight');
    expect(() => emit([], { a: named(1), b: named(2) })).toThrow('expected one constant named "weight"');
    expect(emit([], { a: named(1), b: named(1) }).initializer).toHaveLength(1);
  });

  it.each<[what: string, outputs: (x: Tensor) => Record<string, Tensor>, expected: string]>([
    [
      'a constant named like an input',
      (input) => ({ y: add(input, constant(Float32Array.of(1), 'float32', [1], 'x')) }),
      '"x" to name one thing, got it for an input and a constant',
    ],
    [
      'an output named like an input',
      (input) => ({ x: sin(input) }),
      '"x" to name one thing, got it for an input and an output',
    ],
    [
      'an output named like a node',
      (input) => ({ Sin_1: sin(input) }),
      '"Sin_1" to name one thing, got it for a node and an output',
    ],
  ])('%s', (_, outputs, expected) => {
    expect(() => emit([x], outputs(x))).toThrow(expect.objectContaining({ code: 'DUPLICATE_NAME' }));
    expect(() => emit([x], outputs(x))).toThrow(expected);
  });

  it('a symbol that no input carries', () => {
    const y = broadcastTo(x, ['seq', 'batch', 3]);
    expect(() => emit([x], { y })).toThrow('expected an input with a dimension "seq", found none');
  });

  it('an input that the graph does not declare', () => {
    expect(() => emit([], { y: sin(x) })).toThrow('expected "x" among the graph\'s inputs, it is not there');
  });

  it('a tensor as an input that is none', () => {
    expect(() => emit([sin(x)], { y: sin(x) })).toThrow('a graph input must be an input tensor');
  });

  it('a model above 2 GB, before it is serialized', () => {
    const shared = new Float32Array(16 * 2 ** 20); // 64 MB, never touched
    const outputs = Object.fromEntries(
      Array.from({ length: 33 }, (_, i) => [`y${i}`, constant(shared, 'float32', [shared.length], `weight${i}`)]),
    );
    let raised: unknown;
    try {
      toModel({ name: 'large', inputs: [], outputs });
    } catch (error) {
      raised = error;
    }
    expect(raised).toBeInstanceOf(OnnxFormatError);
    expect(raised).toMatchObject({ code: 'MODEL_TOO_LARGE' });
  });
});

it('the session of an emitted model has the declared inputs and outputs, in order', async () => {
  const [a, b] = [input('a', 'float32', [2]), input('b', 'float32', [2])];
  const model = toModel({ name: 'test', inputs: [b, a], outputs: { second: add(a, b), first: mul(a, b) } });
  const names = await withSession(model, ({ inputNames, outputNames }) => Promise.resolve([inputNames, outputNames]));
  expect(names).toEqual([
    ['b', 'a'],
    ['second', 'first'],
  ]);
});
