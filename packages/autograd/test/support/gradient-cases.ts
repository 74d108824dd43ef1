import {
  abs,
  add,
  attention,
  broadcastTo,
  cast,
  concat,
  constant,
  cos,
  div,
  erf,
  exp,
  gather,
  gelu,
  greater,
  layerNorm,
  log,
  logSoftmax,
  logSumExp,
  matmul,
  maximum,
  minimum,
  mul,
  neg,
  pad,
  pow,
  reduceMax,
  reduceMean,
  reduceSum,
  reduceSumSquare,
  relu,
  reshape,
  sigmoid,
  sin,
  slice,
  softmax,
  sqrt,
  sub,
  sumRows,
  sumTo,
  tanh,
  type Tensor,
  transpose,
  where,
} from '../../src/index.js';
import { draw, type Fed, fed, spaced } from './fed-input.js';

export interface GradientCase {
  readonly title: string;
  readonly f: (...tensors: Tensor[]) => Tensor;
  readonly inputs: readonly Fed[];
  /** Names of the inputs to differentiate by; every float32 input when absent. */
  readonly by?: readonly string[];
}

type Dims = readonly number[];
type Binary = (a: Tensor, b: Tensor) => Tensor;
type Unary = (x: Tensor) => Tensor;

/** Broadcasting of either side, of both at once, of added axes and of scalars. */
const BROADCASTS: readonly (readonly [Dims, Dims])[] = [
  [
    [2, 3],
    [2, 3],
  ],
  [[2, 3], [3]],
  [[3], [2, 3]],
  [
    [2, 1],
    [1, 3],
  ],
  [
    [4, 1, 3],
    [2, 1],
  ],
  [[2, 3], []],
  [[], [2, 3]],
];

function binaryCases(f: Binary, make: (a: Dims, b: Dims) => readonly [Fed, Fed]): GradientCase[] {
  return BROADCASTS.map(([a, b]) => ({ title: `[${a.join()}] with [${b.join()}]`, f, inputs: make(a, b) }));
}

const anyPair = (a: Dims, b: Dims): [Fed, Fed] => [draw('a', a, { seed: 1 }), draw('b', b, { seed: 2 })];
const distinctPair = (a: Dims, b: Dims): [Fed, Fed] => [
  spaced('a', a, { seed: 3, offset: 0 }),
  spaced('b', b, { seed: 4, offset: 0.125 }),
];
const positive = { low: 0.75, high: 2 };

function unaryCases(f: Unary, ...ranges: readonly (readonly [low: number, high: number])[]): GradientCase[] {
  return ranges.map(([low, high], i) => ({
    title: `between ${low} and ${high}`,
    f,
    inputs: [draw('x', [2, 5], { seed: 10 + i, low, high })],
  }));
}

const awayFromZero = (): Fed => spaced('x', [2, 5], { seed: 20, offset: 0.125 });

function reductionCases(f: typeof reduceSum): GradientCase[] {
  const x = (): Fed => spaced('x', [2, 3, 4], { seed: 30, offset: 0.0625 });
  const symbolic = spaced('x', [2, 3, 4], { seed: 31, offset: 0.0625, shape: ['batch', 'seq', 4] });
  return [
    { title: 'all axes', f: (t) => f(t), inputs: [x()] },
    { title: 'the first axis', f: (t) => f(t, [0]), inputs: [x()] },
    { title: 'a negative axis, kept', f: (t) => f(t, [-1], { keepDims: true }), inputs: [x()] },
    { title: 'two axes', f: (t) => f(t, [2, 0]), inputs: [x()] },
    { title: 'symbolic axes', f: (t) => f(t, [0, 1]), inputs: [symbolic] },
    { title: 'a scalar', f: (t) => f(t), inputs: [draw('x', [], { seed: 32 })] },
    { title: 'no axis', f: (t) => f(t, []), inputs: [x()] },
  ];
}

function matmulCases(): GradientCase[] {
  const batches: readonly (readonly [Dims, Dims])[] = [
    [[], []],
    [[2], [2]],
    [
      [2, 3],
      [2, 3],
    ],
    [[2], []],
    [[], [2]],
    [
      [2, 1],
      [1, 3],
    ],
  ];
  const flags = [false, true];
  return batches.flatMap(([batchA, batchB]) =>
    flags.flatMap((transposeA) =>
      flags.flatMap((transposeB) =>
        [1, -0.5].flatMap((alpha) => {
          const a = draw('a', [...batchA, ...(transposeA ? [4, 3] : [3, 4])], { seed: 40 });
          const b = draw('b', [...batchB, ...(transposeB ? [2, 4] : [4, 2])], { seed: 41 });
          const title = `[${a.dims.join()}]${transposeA ? 'ᵀ' : ''} by [${b.dims.join()}]${transposeB ? 'ᵀ' : ''} times ${alpha}`;
          const options = { transposeA, transposeB, alpha };
          const plain: GradientCase = { title, f: (x, y) => matmul(x, y, options), inputs: [a, b] };
          const biases = batchA.length + batchB.length > 0 ? [] : [[2], [3, 2], [3, 1], [1]];
          return [plain, ...biases.map((dims) => withBias(title, options, a, b, dims))];
        }),
      ),
    ),
  );
}

function withBias(title: string, options: object, a: Fed, b: Fed, dims: Dims): GradientCase {
  return {
    title: `${title} plus [${dims.join()}]`,
    f: (x, y, bias) => matmul(x, y, { ...options, bias }),
    inputs: [a, b, draw('bias', dims, { seed: 42 })],
  };
}

function attentionCases(): GradientCase[] {
  const [batch, heads, rows, keys, size] = [2, 2, 3, 4, 2];
  const qkv = [
    draw('query', [batch, heads, rows, size], { seed: 50 }),
    draw('key', [batch, heads, keys, size], { seed: 51 }),
    draw('value', [batch, heads, keys, size], { seed: 52 }),
  ];
  const scores = [batch, heads, rows, keys];
  const padding = fed('bias', [batch, 1, 1, keys], [0, 0, 0, -1e9, 0, 0, -1e9, -1e9]);
  const learned = draw('bias', [heads, rows, keys], { seed: 53 });
  const kept = Array.from({ length: 48 }, (_, i) => (i % 3 === 1 ? 0 : 1.25));
  const mask = fed('mask', scores, kept);
  const scale = 0.7;
  return [
    { title: 'alone', f: (q, k, v) => attention(q, k, v, { scale }), inputs: qkv },
    {
      title: 'with a padding bias',
      f: (q, k, v, bias) => attention(q, k, v, { scale, bias }),
      inputs: [...qkv, padding],
      by: ['query', 'key', 'value'],
    },
    {
      title: 'with a learned bias, by the bias too',
      f: (q, k, v, bias) => attention(q, k, v, { scale, bias }),
      inputs: [...qkv, learned],
    },
    {
      title: 'with a dropout mask, by the mask too',
      f: (q, k, v, dropoutMask) => attention(q, k, v, { scale, dropoutMask }),
      inputs: [...qkv, mask],
    },
    {
      title: 'with a padding bias and a dropout mask',
      f: (q, k, v, bias, dropoutMask) => attention(q, k, v, { scale, bias, dropoutMask }),
      inputs: [...qkv, padding, mask],
      by: ['query', 'key', 'value', 'mask'],
    },
  ];
}

function layerNormCases(): GradientCase[] {
  const affine = [draw('scale', [5], { seed: 60 }), draw('bias', [5], { seed: 61 })];
  const f = (x: Tensor, scale: Tensor, bias: Tensor): Tensor => layerNorm(x, scale, bias, 1e-5);
  const symbolic = draw('x', [2, 3, 5], { seed: 64, shape: ['batch', 'seq', 5] });
  return [
    { title: 'of rank 2', f, inputs: [draw('x', [3, 5], { seed: 62 }), ...affine] },
    { title: 'of rank 3', f, inputs: [draw('x', [2, 2, 5], { seed: 63 }), ...affine] },
    { title: 'of symbolic rows', f, inputs: [symbolic, ...affine] },
    { title: 'far from zero', f, inputs: [draw('x', [2, 5], { seed: 65, low: 30, high: 33 }), ...affine] },
    {
      title: 'with a large epsilon',
      f: (x, scale, bias) => layerNorm(x, scale, bias, 0.5),
      inputs: [draw('x', [2, 5], { seed: 66 }), ...affine],
    },
  ];
}

const ids = (dims: Dims, values: readonly number[], shape?: readonly (string | number)[]): Fed =>
  fed('ids', dims, values, { dtype: 'int64', ...(shape ? { shape } : {}) });

function sliceCases(): GradientCase[] {
  const x = (): Fed => draw('x', [4, 5], { seed: 70 });
  const rows = draw('x', [4, 5], { seed: 71, shape: ['batch', 5] });
  return [
    { title: 'from the start', f: (t) => slice(t, { axis: 0, end: 2 }), inputs: [x()] },
    { title: 'from the middle', f: (t) => slice(t, { axis: 1, start: 1, end: 4 }), inputs: [x()] },
    { title: 'to the end, by a negative axis', f: (t) => slice(t, { axis: -1, start: 3, end: 5 }), inputs: [x()] },
    {
      title: 'to a symbolic size',
      f: (t, other) => mul(slice(t, { axis: 0, end: 'seq' }), other),
      inputs: [x(), draw('other', [3, 5], { seed: 72, shape: ['seq', 5] })],
    },
    { title: 'of a symbolic axis', f: (t) => slice(t, { axis: 0, end: 1 }), inputs: [rows] },
    { title: 'beside a symbolic axis', f: (t) => slice(t, { axis: 1, start: 2, end: 4 }), inputs: [rows] },
  ];
}

function padCases(): GradientCase[] {
  const x = (): Fed => draw('x', [2, 3], { seed: 80 });
  const rows = draw('x', [2, 3], { seed: 81, shape: ['batch', 3] });
  const size = draw('size', [5, 3], { seed: 82, shape: ['seq', 3] });
  return [
    { title: 'behind', f: (t) => pad(t, { axis: 0, before: 0, size: 4 }), inputs: [x()] },
    { title: 'on both sides, by a negative axis', f: (t) => pad(t, { axis: -1, before: 1, size: 6 }), inputs: [x()] },
    {
      title: 'to a symbolic size',
      f: (t, s) => mul(pad(t, { axis: 0, before: 2, size: 'seq' }), s),
      inputs: [x(), size],
    },
    { title: 'of a symbolic axis', f: (t) => pad(t, { axis: 0, before: 0, size: 4 }), inputs: [rows] },
  ];
}

const condition = (dims: Dims, values: readonly number[]): Fed => fed('condition', dims, values, { dtype: 'bool' });

function whereCases(): GradientCase[] {
  const f = (c: Tensor, a: Tensor, b: Tensor): Tensor => where(c, a, b);
  return [
    { title: 'of equal shapes', f, inputs: [condition([2, 2], [1, 0, 0, 1]), ...anyPair([2, 2], [2, 2])] },
    { title: 'of a broadcast condition', f, inputs: [condition([3], [1, 0, 1]), ...anyPair([2, 3], [2, 3])] },
    { title: 'of broadcast branches', f, inputs: [condition([2, 3], [1, 0, 1, 0, 0, 1]), ...anyPair([3], [2, 1])] },
    { title: 'of a scalar branch', f, inputs: [condition([2, 1], [1, 0]), ...anyPair([], [2, 3])] },
  ];
}

/** `batch * seq` rows of a table as [batch, seq, 2, 2]: a target with two symbolic sizes. */
const splitHeads: Unary = (x) => reshape(x, ['batch', 'seq', 2, 2]);
const tokens = fed('tokens', [2, 3], [0, 0, 0, 0, 0, 0], { dtype: 'int64', shape: ['batch', 'seq'] });

const shapeCases = {
  reshape: [
    { title: 'to known sizes', f: (x) => reshape(x, [3, 4]), inputs: [draw('x', [2, 6], { seed: 90 })] },
    {
      title: 'to two symbolic sizes and back to their product',
      f: (x) => mul(reshape(sin(splitHeads(x)), ['batch*seq', 4]), x),
      inputs: [draw('x', [6, 4], { seed: 91, shape: ['batch*seq', 4] }), tokens],
    },
  ],
  broadcastTo: [
    { title: 'an added axis', f: (x) => broadcastTo(x, [2, 3]), inputs: [draw('x', [3], { seed: 92 })] },
    { title: 'axes of size 1', f: (x) => broadcastTo(x, [4, 2, 3]), inputs: [draw('x', [2, 1], { seed: 93 })] },
    { title: 'a scalar', f: (x) => broadcastTo(x, [2, 2]), inputs: [draw('x', [], { seed: 94 })] },
    {
      title: 'symbolic sizes',
      f: (x) => broadcastTo(x, ['batch', 'seq', 2]),
      inputs: [draw('x', [3, 2], { seed: 95, shape: ['seq', 2] }), tokens],
    },
  ],
  transpose: [
    { title: 'of rank 2', f: (x) => transpose(x, [1, 0]), inputs: [draw('x', [2, 3], { seed: 96 })] },
    { title: 'in a cycle of three', f: (x) => transpose(x, [2, 0, 1]), inputs: [draw('x', [2, 3, 4], { seed: 97 })] },
    { title: 'of heads', f: (x) => transpose(x, [0, 2, 1, 3]), inputs: [draw('x', [1, 3, 2, 2], { seed: 98 })] },
  ],
  slice: sliceCases(),
  pad: padCases(),
  concat: [
    {
      title: 'along the first axis',
      f: (a, b) => concat([a, b], 0),
      inputs: [draw('a', [1, 3], { seed: 100 }), draw('b', [2, 3], { seed: 101 })],
    },
    {
      title: 'three along a negative axis, one of them twice',
      f: (a, b) => concat([a, b, a], -1),
      inputs: [draw('a', [2, 1], { seed: 102 }), draw('b', [2, 2], { seed: 103 })],
    },
    {
      title: 'beside a symbolic axis',
      f: (a, b) => concat([a, b], 1),
      inputs: [
        draw('a', [3, 1], { seed: 104, shape: ['batch', 1] }),
        draw('b', [3, 2], { seed: 105, shape: ['batch', 2] }),
      ],
    },
  ],
} satisfies Record<string, GradientCase[]>;

const rowCases = {
  gather: [
    {
      title: 'repeated and unused rows',
      f: (table, rows) => gather(table, rows),
      inputs: [draw('table', [5, 3], { seed: 110 }), ids([2, 3], [4, 0, 4, 2, 4, 0])],
    },
    {
      title: 'ids of symbolic shape',
      f: (table, rows) => gather(table, rows),
      inputs: [draw('table', [4, 2], { seed: 111 }), ids([2, 2], [3, 3, 1, 3], ['batch', 'seq'])],
    },
    {
      title: 'int32 ids',
      f: (table, rows) => gather(table, rows),
      inputs: [draw('table', [4, 2], { seed: 112 }), fed('ids', [3], [1, 1, 3], { dtype: 'int32' })],
    },
    {
      title: 'ids that count from the end',
      f: (table, rows) => gather(table, rows),
      inputs: [draw('table', [4, 2], { seed: 115 }), ids([2, 2], [-1, 3, 0, -4])],
    },
    {
      title: 'in float64',
      f: (table, rows) => cast(gather(cast(table, 'float64'), rows), 'float32'),
      inputs: [draw('table', [4, 2], { seed: 118 }), ids([3], [3, 0, 3])],
    },
    {
      title: 'a table of numbers',
      f: (table, rows) => gather(table, rows),
      inputs: [draw('table', [4], { seed: 116 }), ids([3], [2, 0, 2])],
    },
    {
      title: 'a table of matrices',
      f: (table, rows) => gather(table, rows),
      inputs: [draw('table', [3, 2, 2], { seed: 117 }), ids([2, 2], [2, 0, 2, 1])],
    },
  ],
  sumRows: [
    {
      title: 'repeated and unused rows',
      f: (x, rows) => sumRows(x, rows, [5, 3]),
      inputs: [draw('x', [2, 3, 3], { seed: 113 }), ids([2, 3], [4, 0, 4, 2, 4, 0])],
    },
    {
      title: 'ids of symbolic shape',
      f: (x, rows) => sumRows(x, rows, [4, 2]),
      inputs: [
        draw('x', [2, 2, 2], { seed: 114, shape: ['batch', 'seq', 2] }),
        ids([2, 2], [3, 3, 1, 3], ['batch', 'seq']),
      ],
    },
  ],
} satisfies Record<string, GradientCase[]>;

const lastAxis = (): Fed[] => [draw('x', [2, 3, 4], { seed: 120, low: -3, high: 3 })];
const softmaxCases = (f: Unary): GradientCase[] => [
  { title: 'of rank 3', f, inputs: lastAxis() },
  { title: 'of one row', f, inputs: [draw('x', [5], { seed: 121 })] },
  { title: 'of a column', f, inputs: [draw('x', [3, 1], { seed: 122 })] },
];

/** At least one smooth point for every differentiable operation, by its name in the op table. Kinks stand in `kinks.test.ts`. */
export const gradientCases: Readonly<Record<string, readonly GradientCase[]>> = {
  add: binaryCases(add, anyPair),
  sub: binaryCases(sub, anyPair),
  mul: binaryCases(mul, anyPair),
  div: binaryCases(div, (a, b) => [draw('a', a, { seed: 5 }), draw('b', b, { seed: 6, ...positive })]),
  pow: [
    ...binaryCases(pow, (a, b) => [draw('a', a, { seed: 7, ...positive }), draw('b', b, { seed: 8 })]),
    { title: 'a negative base cubed', f: (x) => pow(x, 3), inputs: [draw('x', [4], { seed: 9, low: -2, high: -1 })] },
  ],
  maximum: binaryCases(maximum, distinctPair),
  minimum: binaryCases(minimum, distinctPair),
  neg: unaryCases(neg, [-2, 2]),
  exp: unaryCases(exp, [-2, 2]),
  log: unaryCases(log, [0.75, 4]),
  sqrt: unaryCases(sqrt, [0.75, 4]),
  sin: unaryCases(sin, [-4, 4]),
  cos: unaryCases(cos, [-4, 4]),
  abs: [{ title: 'away from zero', f: abs, inputs: [awayFromZero()] }],
  tanh: unaryCases(tanh, [-1, 1], [-3, 3]),
  sigmoid: unaryCases(sigmoid, [-1, 1], [-5, 5]),
  relu: [{ title: 'away from zero', f: relu, inputs: [awayFromZero()] }],
  erf: unaryCases(erf, [-1, 1], [-3, 3]),
  gelu: unaryCases(gelu, [-1, 1], [-4, 4]),
  where: whereCases(),
  cast: [
    { title: 'to float64', f: (x) => cast(mul(cast(x, 'float64'), 3), 'float32'), inputs: [awayFromZero()] },
    { title: 'beside an integer', f: (x) => mul(x, cast(cast(x, 'int32'), 'float32')), inputs: [awayFromZero()] },
  ],
  reduceSum: reductionCases(reduceSum),
  reduceSumSquare: reductionCases(reduceSumSquare),
  reduceMean: [
    ...reductionCases(reduceMean),
    {
      title: 'in float64',
      f: (x) => cast(reduceMean(cast(x, 'float64'), [1]), 'float32'),
      inputs: [draw('x', [2, 3], { seed: 33 })],
    },
    {
      title: 'in float64 over a symbolic axis',
      f: (x) => cast(reduceMean(cast(x, 'float64'), [0]), 'float32'),
      inputs: [draw('x', [2, 3], { seed: 34, shape: ['batch', 3] })],
    },
  ],
  reduceMax: reductionCases(reduceMax),
  ...shapeCases,
  ...rowCases,
  matmul: matmulCases(),
  softmax: softmaxCases(softmax),
  logSoftmax: softmaxCases(logSoftmax),
  layerNorm: layerNormCases(),
  attention: attentionCases(),
};

/** Compositions whose parts are operations of the table. */
export const compositionCases: readonly GradientCase[] = [
  { title: 'sumTo', f: (x) => sumTo(x, [3, 1]), inputs: [draw('x', [2, 3, 4], { seed: 130 })] },
  {
    title: 'a branch chosen by a comparison',
    f: (x) => where(greater(x, 0), mul(x, x), neg(x)),
    inputs: [awayFromZero()],
  },
  { title: 'logSumExp', f: logSumExp, inputs: [draw('x', [2, 5], { seed: 132 })] },
  {
    title: 'a constant operand',
    f: (x) => mul(x, constant(Float32Array.of(1, -2, 3), 'float32', [3])),
    inputs: [draw('x', [2, 3], { seed: 131 })],
  },
];
