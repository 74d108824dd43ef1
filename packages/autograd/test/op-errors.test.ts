import { describe, expect, it } from 'vitest';

import {
  add,
  attention,
  broadcastTo,
  cast,
  concat,
  constant,
  type DataType,
  div,
  dynamicQuantizeMatmul,
  exp,
  gather,
  input,
  layerNorm,
  matmul,
  maximum,
  mul,
  multiHeadAttention,
  pad,
  reduceMean,
  reduceSum,
  reshape,
  scalar,
  type Shape,
  slice,
  softmax,
  sub,
  sumRows,
  sumTo,
  type Tensor,
  transpose,
  where,
} from '../src/index.js';

const float = (...shape: Shape): Tensor => input('x', 'float32', shape);
const typed = (dtype: DataType, ...shape: Shape): Tensor => input('x', dtype, shape);

/** What is done, the error's code, and what its message names: the operation and the shapes. */
const mistakes: readonly (readonly [what: string, f: () => Tensor, code: string, ...names: string[]])[] = [
  ['adding shapes that do not broadcast', () => add(float(2, 3), float(2)), 'SHAPE_MISMATCH', 'Add', '[2, 3]', '[2]'],
  [
    'adding different symbols',
    () => sub(float('batch', 3), float('seq', 3)),
    'SHAPE_MISMATCH',
    'Sub',
    '[batch, 3]',
    '[seq, 3]',
  ],
  ['mixing dtypes', () => mul(float(2), typed('int64', 3)), 'DTYPE_MISMATCH', 'Mul', 'float32[2]', 'int64[3]'],
  [
    'adding a zero of another dtype',
    () => add(typed('float64', 2), scalar(0)),
    'DTYPE_MISMATCH',
    'Add',
    'float64[2]',
    'float32[]',
  ],
  [
    'dividing by a one of another dtype',
    () => div(typed('float64', 2), scalar(1)),
    'DTYPE_MISMATCH',
    'Div',
    'float64[2]',
    'float32[]',
  ],
  ['a maximum of different sizes', () => maximum(float(4), float(3)), 'SHAPE_MISMATCH', 'Max', '[4]', '[3]'],
  ['an exponential of integers', () => exp(typed('int32', 2)), 'DTYPE_MISMATCH', 'Exp', 'int32[2]'],
  ['a softmax of integers', () => softmax(typed('int64', 2, 3)), 'DTYPE_MISMATCH', 'Softmax', 'int64[2, 3]'],
  [
    'a condition that is not boolean',
    () => where(float(2), float(3), float(3)),
    'SHAPE_MISMATCH',
    'where',
    'float32[2]',
    'float32[3]',
  ],
  [
    'branches of different sizes',
    () => where(typed('bool', 2), float(2), float(3)),
    'SHAPE_MISMATCH',
    'where',
    '[2]',
    '[3]',
  ],
  ['an axis beyond the rank', () => reduceSum(float(2, 3), [2]), 'INVALID_ATTRIBUTE', 'reduceSum', 'rank 2', 'got 2'],
  ['a fractional axis', () => reduceSum(float(2, 3), [0.5]), 'INVALID_ATTRIBUTE', 'reduceSum', '0.5'],
  ['an axis that is given twice', () => reduceMean(float(2, 3), [0, -2]), 'INVALID_ATTRIBUTE', 'reduceMean', '[0, -2]'],
  ['a reshape to another size', () => reshape(float(2, 3), [7]), 'SHAPE_MISMATCH', 'reshape', '[2, 3]', '[7]'],
  [
    'a reshape to another symbol',
    () => reshape(float('batch', 4), ['seq', 4]),
    'SHAPE_MISMATCH',
    'reshape',
    '[batch, 4]',
    '[seq, 4]',
  ],
  ['a broadcast to less', () => broadcastTo(float(2, 3), [3]), 'SHAPE_MISMATCH', 'broadcastTo', '[2, 3]', '[3]'],
  ['a sum to no part of the shape', () => sumTo(float(2, 3), [3, 2]), 'SHAPE_MISMATCH', 'sumTo', '[2, 3]', '[3, 2]'],
  ['a transpose of another rank', () => transpose(float(2, 3), [0, 2, 1]), 'SHAPE_MISMATCH', 'transpose', '[2, 3]'],
  ['a transpose that repeats an axis', () => transpose(float(2, 3), [0, 0]), 'SHAPE_MISMATCH', 'transpose', '[2, 3]'],
  ['a slice past the end', () => slice(float(3), { axis: 0, end: 4 }), 'SHAPE_MISMATCH', 'slice', '4', '[3]'],
  [
    'a slice from a negative start',
    () => slice(float(3), { axis: 0, start: -1, end: 2 }),
    'INVALID_ATTRIBUTE',
    'slice',
  ],
  ['a slice to a negative end', () => slice(float(3), { axis: 0, end: -1 }), 'INVALID_ATTRIBUTE', 'slice', '-1'],
  ['a slice that ends first', () => slice(float(3), { axis: 0, start: 2, end: 1 }), 'INVALID_ATTRIBUTE', 'slice'],
  [
    'a slice of unknown size',
    () => slice(float('seq'), { axis: 0, start: 1, end: 'seq' }),
    'INVALID_ATTRIBUTE',
    'slice',
    'seq',
  ],
  ['padding to less', () => pad(float(3, 2), { axis: 0, before: 2, size: 4 }), 'SHAPE_MISMATCH', 'pad', '[3, 2]'],
  [
    'a slice from a fraction',
    () => slice(float(3), { axis: 0, start: 0.5, end: 2 }),
    'INVALID_ATTRIBUTE',
    'slice',
    '0.5',
  ],
  [
    'padding before a negative start',
    () => pad(float(3), { axis: 0, before: -1, size: 4 }),
    'INVALID_ATTRIBUTE',
    'pad',
    '-1',
  ],
  ['padding by a fraction', () => pad(float(3), { axis: 0, before: 0.5, size: 4 }), 'INVALID_ATTRIBUTE', 'pad', '0.5'],
  ['padding beyond the rank', () => pad(float(3), { axis: 1, before: 0, size: 4 }), 'INVALID_ATTRIBUTE', 'pad'],
  [
    'concatenating different sides',
    () => concat([float(2, 3), float(2, 4)], 0),
    'SHAPE_MISMATCH',
    'concat',
    '[2, 3]',
    '[2, 4]',
  ],
  [
    'concatenating along a symbol',
    () => concat([float('batch', 3), float(2, 3)], 0),
    'SHAPE_MISMATCH',
    'concat',
    '[batch, 3]',
    '[2, 3]',
  ],
  [
    'ids that are not integers',
    () => gather(float(4, 2), float(3)),
    'SHAPE_MISMATCH',
    'gather',
    '[4, 2]',
    'float32[3]',
  ],
  [
    'rows for another table',
    () => sumRows(float(3, 2), typed('int64', 3), [4, 5]),
    'SHAPE_MISMATCH',
    'sumRows',
    '[4, 5]',
    '[3, 2]',
  ],
  ['rows of a scalar', () => gather(float(), typed('int64', 3)), 'SHAPE_MISMATCH', 'gather', 'float32[]'],
  [
    'rows by ids that are not integers',
    () => sumRows(float(3, 2), float(3), [4, 2]),
    'SHAPE_MISMATCH',
    'sumRows',
    'float32[3]',
  ],
  ['a product of vectors', () => matmul(float(3), float(3)), 'SHAPE_MISMATCH', 'matmul', 'float32[3]'],
  [
    'a product of unequal inner sizes',
    () => matmul(float(2, 3), float(4, 5)),
    'SHAPE_MISMATCH',
    'matmul',
    '[2, 3]',
    '[4, 5]',
    '3 and 4',
  ],
  [
    'a transposed product of unequal inner sizes',
    () => matmul(float(2, 3), float(3, 5), { transposeB: true }),
    'SHAPE_MISMATCH',
    'matmul',
    '[2, 3]',
    '[3, 5]',
  ],
  [
    'a product of unequal batches',
    () => matmul(float(2, 3, 4), float(3, 4, 5)),
    'SHAPE_MISMATCH',
    'matmul',
    '[2]',
    '[3]',
  ],
  [
    'a bias of another size',
    () => matmul(float(2, 3), float(3, 4), { bias: float(5) }),
    'SHAPE_MISMATCH',
    'matmul',
    '[2, 4]',
    '[5]',
  ],
  [
    'a bias beside a batch',
    () => matmul(float(2, 2, 3), float(3, 4), { bias: float(4) }),
    'SHAPE_MISMATCH',
    'matmul',
    '[2, 2, 3]',
    '[4]',
  ],
  [
    'a scale of another size',
    () => layerNorm(float(2, 3), float(4), float(4), 1e-5),
    'SHAPE_MISMATCH',
    'layerNorm',
    '[2, 3]',
    '[4]',
  ],
  [
    'a layer normalization in float64',
    () => layerNorm(typed('float64', 2, 3), typed('float64', 3), typed('float64', 3), 1e-5),
    'DTYPE_MISMATCH',
    'layerNorm',
    'float64[2, 3]',
  ],
  [
    'attention of unequal heads',
    () => attention(float(1, 2, 3, 4), float(1, 3, 3, 4), float(1, 3, 3, 4), { scale: 1 }),
    'SHAPE_MISMATCH',
    'attention',
    '[1, 2, 3, 4]',
    '[1, 3, 3, 4]',
  ],
  [
    'attention of unequal keys and values',
    () => attention(float(1, 2, 3, 4), float(1, 2, 3, 4), float(1, 2, 5, 4), { scale: 1 }),
    'SHAPE_MISMATCH',
    'attention',
    '[1, 2, 3, 4]',
    '[1, 2, 5, 4]',
  ],
  [
    'a mask of another size',
    () => attention(float(1, 2, 3, 4), float(1, 2, 5, 4), float(1, 2, 5, 4), { scale: 1, bias: float(1, 1, 1, 3) }),
    'SHAPE_MISMATCH',
    'attention',
    '[1, 2, 3, 5]',
    '[1, 1, 1, 3]',
  ],
  [
    'weights that are not int8',
    () => dynamicQuantizeMatmul(float(2, 3), float(3, 4), float(4), float(4)),
    'SHAPE_MISMATCH',
    'dynamicQuantizeMatmul',
    'float32[2, 3]',
    'float32[3, 4]',
  ],
  [
    'heads that do not divide the size',
    () =>
      multiHeadAttention(float(1, 2, 5), float(1, 2, 5), float(1, 2, 5), {
        heads: 2,
        keyPaddingMask: typed('int32', 1, 2),
      }),
    'SHAPE_MISMATCH',
    'multiHeadAttention',
    '[1, 2, 5]',
  ],
  [
    'a constant of another size',
    () => constant(Float32Array.of(1, 2, 3), 'float32', [2, 2]),
    'SHAPE_MISMATCH',
    'constant',
    '16 bytes for [2, 2]',
    '12 bytes',
  ],
  [
    'a constant of half a row',
    () => constant(Float32Array.of(1), 'float32', [0.5, 2]),
    'INVALID_ATTRIBUTE',
    'constant',
    '0.5',
  ],
  ['an input of half a row', () => float('batch', 2.5), 'INVALID_ATTRIBUTE', 'input', '2.5'],
  ['half of an integer', () => mul(typed('int32', 2), 0.5), 'DTYPE_MISMATCH', 'scalar', 'int32', '0.5'],
  ['a fraction beside int64', () => add(typed('int64', 2), 0.5), 'DTYPE_MISMATCH', 'scalar', 'int64', '0.5'],
  ['more than 64 bits hold', () => scalar(2 ** 63, 'int64'), 'DTYPE_MISMATCH', 'scalar', 'int64'],
  ['more than a byte holds', () => scalar(300, 'uint8'), 'DTYPE_MISMATCH', 'scalar', 'uint8', '300'],
  ['a truth value of 2', () => scalar(2, 'bool'), 'DTYPE_MISMATCH', 'scalar', 'bool', '2'],
];

describe('the error names the operation and the shapes:', () => {
  const cases = mistakes.map(([what, f, code, ...names]) => ({ what, f, code, names }));
  it.each(cases)('$what', ({ f, code, names }) => {
    let raised: unknown;
    try {
      f();
    } catch (error) {
      raised = error;
    }
    expect(raised).toMatchObject({ name: 'AutogradError', code });
    for (const name of names) expect((raised as Error).message).toContain(name);
  });
});

const ELEVEN = Array.from({ length: 11 }, (_, axis) => axis);

describe('shapes that broadcasting gives', () => {
  it.each([
    [add(float('batch', 1), float(4)), ['batch', 4]],
    [add(float(1, 3), float('batch', 1)), ['batch', 3]],
    [matmul(float('batch', 2, 3), float(3, 5)), ['batch', 2, 5]],
    [reshape(float('seq', 'batch', 4), ['batch*seq', 4]), ['batch*seq', 4]],
    [reduceSum(float('batch', 3, 4), [-1], { keepDims: true }), ['batch', 3, 1]],
    [gather(float(9, 4), typed('int64', 'batch', 'seq')), ['batch', 'seq', 4]],
    [slice(float(9, 4), { axis: 0, end: 'seq' }), ['seq', 4]],
    [transpose(float(...ELEVEN), ELEVEN), ELEVEN],
  ] as const)('%# are the symbols and sizes of both sides', (tensor, shape) => {
    expect(tensor.shape).toEqual(shape);
  });

  it('leaves a tensor alone that is cast, reshaped or sliced to itself', () => {
    const x = float(2, 3);
    expect(cast(x, 'float32')).toBe(x);
    expect(reshape(x, [2, 3])).toBe(x);
    expect(broadcastTo(x, [2, 3])).toBe(x);
    expect(slice(x, { axis: 0, end: 2 })).toBe(x);
  });
});
