import { AutogradError } from './autograd-error.js';
import { type DataType, dataTypes } from './dtype.js';
import type { AttributeValue, Emitter } from './emitter.js';
import * as fn from './functions.js';
import type { GradientContext, Op } from './op.js';
import { broadcastShapes, type Dim, formatShape, productOf, requireSizes, sameShape, type Shape } from './shape.js';
import { overSlices } from './slices.js';
import type { Tensor, TensorType } from './tensor.js';

/** Operators of ONNX Runtime's own domain that stand for several of the standard's. */
export const MICROSOFT_DOMAIN = 'com.microsoft';

export interface ReductionAttributes {
  readonly axes: readonly number[];
  readonly keepDims: boolean;
}

export interface MatmulAttributes {
  readonly transposeA: boolean;
  readonly transposeB: boolean;
  readonly alpha: number;
}

export interface AttentionAttributes {
  readonly scale: number;
}

function mismatch(operation: string, expectation: string, tensors: readonly Tensor[]): AutogradError {
  const types = tensors.map((tensor) => `${tensor.dtype}${formatShape(tensor.shape)}`).join(' and ');
  return new AutogradError('SHAPE_MISMATCH', `${operation}: expected ${expectation}, got ${types}`);
}

function requireSameDtype(operation: string, inputs: readonly Tensor[]): DataType {
  const [first, ...rest] = inputs as [Tensor, ...Tensor[]];
  if (rest.some((tensor) => tensor.dtype !== first.dtype)) {
    const types = inputs.map((tensor) => `${tensor.dtype}${formatShape(tensor.shape)}`).join(' and ');
    throw new AutogradError('DTYPE_MISMATCH', `${operation}: expected one dtype, got ${types}`);
  }
  return first.dtype;
}

function requireFloat(operation: string, tensor: Tensor): void {
  if (!dataTypes[tensor.dtype].isFloat) {
    const actual = `${tensor.dtype}${formatShape(tensor.shape)}`;
    throw new AutogradError('DTYPE_MISMATCH', `${operation}: expected a floating-point tensor, got ${actual}`);
  }
}

const at = (tensors: readonly Tensor[], index: number): Tensor => {
  const tensor = tensors[index];
  if (!tensor) throw new AutogradError('INVARIANT', `bug: an operation lacks its tensor ${index}`);
  return tensor;
};

/** The cotangent of a single-output operation; the reverse sweep never calls a rule without it. */
const cotangentOf = (context: Pick<GradientContext<object>, 'cotangents'>): Tensor => {
  const cotangent = context.cotangents[0];
  if (!cotangent) throw new AutogradError('INVARIANT', 'bug: a gradient rule was called without a cotangent');
  return cotangent;
};

/** The rule of operations whose output is integral, boolean, or meant for inference alone. */
const notDifferentiable = ({ inputs }: { inputs: readonly Tensor[] }): null[] => inputs.map(() => null);

type ElementwiseGradient = (inputs: readonly Tensor[], dy: Tensor, y: Tensor) => readonly (Tensor | null)[];

const reduceToInputs = (inputs: readonly Tensor[], cotangents: readonly (Tensor | null)[]): (Tensor | null)[] =>
  cotangents.map((cotangent, i) => cotangent && fn.sumTo(cotangent, at(inputs, i).shape));

function binary(onnxName: string, evaluate: (a: number, b: number) => number, gradient: ElementwiseGradient): Op {
  return {
    infer: (inputs) => [
      {
        dtype: requireSameDtype(onnxName, inputs),
        shape: broadcastShapes(onnxName, at(inputs, 0).shape, at(inputs, 1).shape),
      },
    ],
    gradient: ({ inputs, outputs, cotangents }) =>
      reduceToInputs(inputs, gradient(inputs, cotangentOf({ cotangents }), at(outputs, 0))),
    emit: (emitter, names) => emitter.node(onnxName, names),
    evaluate,
  };
}

function unary(
  onnxName: string,
  evaluate: ((x: number) => number) | null,
  gradient: (x: Tensor, dy: Tensor, y: Tensor) => Tensor | null,
): Op {
  return {
    infer: (inputs) => {
      requireFloat(onnxName, at(inputs, 0));
      return [{ dtype: at(inputs, 0).dtype, shape: at(inputs, 0).shape }];
    },
    gradient: ({ inputs, outputs, cotangents }) => [
      gradient(at(inputs, 0), cotangentOf({ cotangents }), at(outputs, 0)),
    ],
    emit: (emitter, names) => emitter.node(onnxName, names),
    ...(evaluate ? { evaluate } : {}),
  };
}

function comparison(onnxName: string): Op {
  return {
    infer: (inputs) => {
      requireSameDtype(onnxName, inputs);
      return [{ dtype: 'bool', shape: broadcastShapes(onnxName, at(inputs, 0).shape, at(inputs, 1).shape) }];
    },
    gradient: notDifferentiable,
    emit: (emitter, names) => emitter.node(onnxName, names),
  };
}

/** Half of the cotangent to each side where both are equal, as PyTorch does. */
function extremumGradient(wins: (a: Tensor, b: Tensor) => Tensor): ElementwiseGradient {
  return (inputs, dy) => {
    const [a, b] = [at(inputs, 0), at(inputs, 1)];
    const share = (winning: Tensor): Tensor => fn.where(fn.equal(a, b), fn.mul(dy, 0.5), fn.where(winning, dy, 0));
    return [share(wins(a, b)), share(wins(b, a))];
  };
}

function reduction(
  onnxName: 'ReduceSum' | 'ReduceSumSquare' | 'ReduceMean' | 'ReduceMax',
  gradient: (x: Tensor, dy: Tensor, y: Tensor, axes: readonly number[]) => Tensor,
): Op<ReductionAttributes> {
  return {
    infer: (inputs, { axes, keepDims }) => {
      const { dtype, shape } = at(inputs, 0);
      const reduced = shape.map((dim, axis) => (axes.includes(axis) ? 1 : dim));
      return [{ dtype, shape: keepDims ? reduced : reduced.filter((_, axis) => !axes.includes(axis)) }];
    },
    gradient: ({ inputs, outputs, attributes, cotangents }) => {
      const x = at(inputs, 0);
      const kept = x.shape.map((dim, axis) => (attributes.axes.includes(axis) ? 1 : dim));
      const dy = fn.reshape(cotangentOf({ cotangents }), kept);
      return [gradient(x, dy, fn.reshape(at(outputs, 0), kept), attributes.axes)];
    },
    emit: (emitter, names, { attributes: { axes, keepDims } }) =>
      emitter.node(onnxName, [...names, emitter.int64s(axes)], { keepdims: { int: keepDims ? 1 : 0 } }),
  };
}

/** Sums over the rows of a float32 matrix, which every bias needs, as a product with ones: it reads a matrix in two thirds of ReduceSum's time. */
function columnSums(reduceSum: Op<ReductionAttributes>): Op<ReductionAttributes> {
  return {
    ...reduceSum,
    emit: (emitter, names, context) => {
      const { dtype, shape } = at(context.inputs, 0);
      const { axes, keepDims } = context.attributes;
      if (dtype !== 'float32' || shape.length !== 2 || axes.length !== 1 || axes[0] !== 0) {
        return reduceSum.emit(emitter, names, context);
      }
      const size = emitter.shapeTensor([1, shape[0] ?? 1]);
      const sums = emitter.node('Gemm', [
        ...emitter.node('Expand', [emitter.constant('float32', [], 1), size]),
        ...names,
      ]);
      return keepDims ? sums : emitter.node('Squeeze', [...sums, emitter.int64s([0])]);
    },
  };
}

/** The shape of a tensor after one axis took another size. */
const withDim = (shape: Shape, axis: number, dim: Dim): Shape => shape.map((old, i) => (i === axis ? dim : old));

function sizeBetween(operation: string, start: Dim, end: Dim): Dim {
  if (start === 0 && typeof end === 'string') return end;
  if (typeof start === 'number' && typeof end === 'number' && start <= end) return end - start;
  throw new AutogradError(
    'INVALID_ATTRIBUTE',
    `${operation}: expected start <= end of known sizes, got ${start} and ${end}`,
  );
}

const isIndex = ({ dtype }: Tensor): boolean => dtype === 'int64' || dtype === 'int32';

const last = <T>(items: readonly T[], fromEnd = 1): T | undefined => items[items.length - fromEnd];

function inferMatmul(inputs: readonly Tensor[], { transposeA, transposeB }: MatmulAttributes): readonly TensorType[] {
  const [a, b] = [at(inputs, 0), at(inputs, 1)];
  const dtype = requireSameDtype('matmul', inputs);
  if (a.shape.length < 2 || b.shape.length < 2) throw mismatch('matmul', 'two tensors of rank 2 or more', inputs);
  const [rows, inner] = transposeA ? [last(a.shape), last(a.shape, 2)] : [last(a.shape, 2), last(a.shape)];
  const [innerB, columns] = transposeB ? [last(b.shape), last(b.shape, 2)] : [last(b.shape, 2), last(b.shape)];
  if (inner !== innerB) throw mismatch('matmul', `equal inner dims (${inner} and ${innerB})`, inputs);
  const batch = broadcastShapes('matmul', a.shape.slice(0, -2), b.shape.slice(0, -2));
  const shape = [...batch, rows as Dim, columns as Dim];
  const bias = inputs[2];
  if (bias && (shape.length !== 2 || !sameShape(broadcastShapes('matmul', shape, bias.shape), shape))) {
    throw mismatch('matmul', 'a bias that broadcasts to a product of rank 2', inputs);
  }
  return [{ dtype, shape }];
}

function matmulGradient({ inputs, attributes, cotangents }: GradientContext<MatmulAttributes>): (Tensor | null)[] {
  const [a, b, bias] = [at(inputs, 0), at(inputs, 1), inputs[2]];
  const { transposeA, transposeB, alpha } = attributes;
  const dy = cotangentOf({ cotangents });
  const da = transposeA // y = α op(a) op(b):  d op(a) = α dy op(b)ᵀ
    ? fn.matmul(b, dy, { transposeA: transposeB, transposeB: true, alpha })
    : fn.matmul(dy, b, { transposeB: !transposeB, alpha });
  const db = transposeB // d op(b) = α op(a)ᵀ dy
    ? fn.matmul(dy, a, { transposeA: true, transposeB: transposeA, alpha })
    : fn.matmul(a, dy, { transposeA: !transposeA, alpha });
  return reduceToInputs(inputs, bias ? [da, db, dy] : [da, db]);
}

function emitMatmul(emitter: Emitter, names: readonly string[], rank: number, attributes: MatmulAttributes): string[] {
  const { transposeA, transposeB, alpha } = attributes;
  const flags: Record<string, AttributeValue> = {
    ...(transposeA ? { transA: { int: 1 } } : {}),
    ...(transposeB ? { transB: { int: 1 } } : {}),
    ...(alpha === 1 ? {} : { alpha: { float: alpha } }),
  };
  if (rank === 2) return emitter.node('Gemm', names, flags);
  if (Object.keys(flags).length === 0) return emitter.node('MatMul', names);
  return emitter.node('FusedMatMul', names, flags, { domain: MICROSOFT_DOMAIN });
}

/**
 * Attention with its probabilities kept. With P = softmax(S), D = P ⊙ M (dropout) and C = D V:
 * dV = Dᵀ dC, and the sum that softmax's gradient needs is Σⱼ P ⊙ dP = Σ C ⊙ dC, over head size instead of sequence length
 * (Dao et al. 2022, "FlashAttention", appendix B.2; it holds with dropout because M enters both sides).
 */
function attentionGradient(context: GradientContext<AttentionAttributes>): (Tensor | null)[] {
  const { inputs, outputs, attributes, cotangents } = context;
  const [query, key, value] = [at(inputs, 0), at(inputs, 1), at(inputs, 2)];
  const [bias, dropoutMask] = [at(inputs, 3), at(inputs, 4)];
  const [attended, probabilities, dropped] = [at(outputs, 0), at(outputs, 1), at(outputs, 2)];
  if (cotangents[1] || cotangents[2]) {
    throw new AutogradError('NOT_DIFFERENTIABLE', 'attention: only its first output has a gradient');
  }
  const dAttended = cotangentOf(context);
  const dDropped = fn.matmul(dAttended, value, { transposeB: true }); // [batch, heads, query, key]
  const dProbabilities = isAbsent(dropoutMask) ? dDropped : fn.mul(dDropped, dropoutMask);
  const rowSums = fn.reduceSum(fn.mul(dAttended, attended), [-1], { keepDims: true }); // [batch, heads, query, 1]
  const dScores = fn.mul(probabilities, fn.sub(dProbabilities, rowSums));
  const alpha = attributes.scale;
  return [
    fn.matmul(dScores, key, { alpha }),
    fn.matmul(dScores, query, { transposeA: true, alpha }),
    fn.matmul(dropped, dAttended, { transposeA: true }),
    isAbsent(bias) ? null : fn.sumTo(dScores, bias.shape),
    isAbsent(dropoutMask) ? null : fn.sumTo(fn.mul(dDropped, probabilities), dropoutMask.shape),
  ];
}

/** Optional inputs are passed as an empty constant, so that positions stay fixed. */
const isAbsent = (tensor: Tensor): boolean => tensor.source.kind === 'constant' && tensor.source.data.length === 0;

export const opTable = {
  add: binary(
    'Add',
    (a, b) => a + b,
    (_, dy) => [dy, dy],
  ),
  sub: binary(
    'Sub',
    (a, b) => a - b,
    (_, dy) => [dy, fn.neg(dy)],
  ),
  mul: binary(
    'Mul',
    (a, b) => a * b,
    (x, dy) => [fn.mul(dy, at(x, 1)), fn.mul(dy, at(x, 0))],
  ),
  div: binary(
    'Div',
    (a, b) => a / b,
    (x, dy, y) => [fn.div(dy, at(x, 1)), fn.neg(fn.div(fn.mul(dy, y), at(x, 1)))], // d(a/b)/db = −(a/b)/b
  ),
  pow: binary('Pow', Math.pow, (x, dy, y) => {
    const [base, exponent] = [at(x, 0), at(x, 1)];
    return [
      fn.where(fn.equal(exponent, 0), 0, fn.mul(dy, fn.mul(exponent, fn.pow(base, fn.sub(exponent, 1))))), // n xⁿ⁻¹
      fn.mul(dy, fn.mul(y, fn.log(base))), // xⁿ ln x, for a positive base
    ];
  }),
  maximum: binary(
    'Max',
    Math.max,
    extremumGradient((a, b) => fn.greater(a, b)),
  ),
  minimum: binary(
    'Min',
    Math.min,
    extremumGradient((a, b) => fn.less(a, b)),
  ),

  neg: unary(
    'Neg',
    (x) => -x,
    (_, dy) => fn.neg(dy),
  ),
  exp: unary('Exp', Math.exp, (_, dy, y) => fn.mul(dy, y)),
  log: unary('Log', Math.log, (x, dy) => fn.div(dy, x)),
  sqrt: unary('Sqrt', Math.sqrt, (_, dy, y) => fn.div(fn.mul(dy, 0.5), y)),
  sin: unary('Sin', Math.sin, (x, dy) => fn.mul(dy, fn.cos(x))),
  cos: unary('Cos', Math.cos, (x, dy) => fn.neg(fn.mul(dy, fn.sin(x)))),
  abs: unary('Abs', Math.abs, (x, dy) => fn.mul(dy, fn.sign(x))), // 0 at the kink
  sign: unary('Sign', Math.sign, () => null),
  tanh: unary('Tanh', Math.tanh, (_, dy, y) => fn.mul(dy, fn.sub(1, fn.mul(y, y)))),
  sigmoid: unary(
    'Sigmoid',
    (x) => 1 / (1 + Math.exp(-x)),
    (_, dy, y) => fn.mul(dy, fn.mul(y, fn.sub(1, y))),
  ),
  relu: unary(
    'Relu',
    (x) => Math.max(x, 0),
    (x, dy) => fn.where(fn.greater(x, 0), dy, 0),
  ), // 0 at the kink
  erf: unary(
    'Erf',
    null,
    (x, dy) => fn.mul(dy, fn.mul(2 / Math.sqrt(Math.PI), fn.exp(fn.neg(fn.mul(x, x))))), // 2/√π e^(−x²)
  ),
  gelu: {
    ...unary('Gelu', null, (x, dy) => {
      // Φ(x) + x φ(x), with z = x/√2:  ½ (1 + erf z) + x/√(2π) / e^(z²); e^(z²) may overflow, and then the quotient is rightly 0
      const z = fn.mul(x, Math.SQRT1_2);
      const density = fn.div(fn.mul(x, 1 / Math.sqrt(2 * Math.PI)), fn.exp(fn.mul(z, z)));
      return fn.mul(dy, fn.add(fn.add(fn.mul(fn.erf(z), 0.5), 0.5), density));
    }),
    // ONNX Runtime's own kernel is several times faster than the standard's, and computes the same.
    emit: (emitter, names) => emitter.node('Gelu', names, {}, { domain: MICROSOFT_DOMAIN }),
  } satisfies Op,

  equal: comparison('Equal'),
  greater: comparison('Greater'),
  less: comparison('Less'),

  where: {
    infer: (inputs) => {
      const [condition, a, b] = [at(inputs, 0), at(inputs, 1), at(inputs, 2)];
      if (condition.dtype !== 'bool') throw mismatch('where', 'a bool condition', inputs);
      const values = broadcastShapes('where', a.shape, b.shape);
      return [{ dtype: requireSameDtype('where', [a, b]), shape: broadcastShapes('where', condition.shape, values) }];
    },
    gradient: ({ inputs, cotangents }) => {
      const condition = at(inputs, 0);
      const dy = cotangentOf({ cotangents });
      return reduceToInputs(inputs, [null, fn.where(condition, dy, 0), fn.where(condition, 0, dy)]);
    },
    emit: (emitter, names) => emitter.node('Where', names),
  } satisfies Op,

  cast: {
    infer: (inputs, { to }) => [{ dtype: to, shape: at(inputs, 0).shape }],
    gradient: ({ inputs, cotangents, attributes }) => {
      const from = at(inputs, 0).dtype;
      const flows = dataTypes[from].isFloat && dataTypes[attributes.to].isFloat;
      return [flows ? fn.cast(cotangentOf({ cotangents }), from) : null];
    },
    emit: (emitter, names, { attributes: { to } }) => emitter.node('Cast', names, { to: { int: dataTypes[to].onnx } }),
  } satisfies Op<{ readonly to: DataType }>,

  /** The same value, through which no gradient flows. */
  stopGradient: {
    infer: (inputs) => [at(inputs, 0)],
    gradient: notDifferentiable,
    emit: (_, names) => names,
  } satisfies Op,

  reduceSum: columnSums(reduction('ReduceSum', (x, dy) => fn.broadcastTo(dy, x.shape))),
  reduceSumSquare: reduction('ReduceSumSquare', (x, dy) => fn.mul(x, fn.mul(dy, 2))),
  reduceMean: reduction('ReduceMean', (x, dy, _, axes) => {
    const count = productOf(axes.map((axis) => x.shape[axis] ?? 1));
    return fn.broadcastTo(fn.div(dy, fn.cast(fn.dimension(count), x.dtype)), x.shape);
  }),
  reduceMax: reduction('ReduceMax', (x, dy, y, axes) => {
    const wins = fn.equal(x, y); // ties share the cotangent evenly
    return fn.where(wins, fn.div(dy, fn.reduceSum(fn.cast(wins, x.dtype), axes, { keepDims: true })), 0);
  }),

  reshape: {
    infer: (inputs, { shape }) => {
      const x = at(inputs, 0);
      if (productOf(x.shape) !== productOf(shape)) {
        throw mismatch('reshape', `as many elements as ${formatShape(shape)} holds`, [x]);
      }
      return [{ dtype: x.dtype, shape }];
    },
    gradient: ({ inputs, cotangents }) => [fn.reshape(cotangentOf({ cotangents }), at(inputs, 0).shape)],
    emit: (emitter, names, { attributes: { shape } }) =>
      emitter.node('Reshape', [...names, emitter.reshapeTarget(shape)]),
  } satisfies Op<{ readonly shape: Shape }>,

  broadcastTo: {
    infer: (inputs, { shape }) => {
      const x = at(inputs, 0);
      if (!sameShape(broadcastShapes('broadcastTo', x.shape, shape), shape)) {
        throw mismatch('broadcastTo', `a shape that broadcasts to ${formatShape(shape)}`, [x]);
      }
      return [{ dtype: x.dtype, shape }];
    },
    gradient: ({ inputs, cotangents }) => [fn.sumTo(cotangentOf({ cotangents }), at(inputs, 0).shape)],
    emit: (emitter, names, { attributes: { shape } }) => emitter.node('Expand', [...names, emitter.shapeTensor(shape)]),
  } satisfies Op<{ readonly shape: Shape }>,

  transpose: {
    infer: (inputs, { permutation }) => {
      const { dtype, shape } = at(inputs, 0);
      if ([...permutation].sort((a, b) => a - b).join() !== shape.map((_, axis) => axis).join()) {
        throw mismatch('transpose', `a tensor that [${permutation.join(', ')}] permutes`, inputs);
      }
      return [{ dtype, shape: permutation.map((axis) => shape[axis] ?? 1) }];
    },
    gradient: ({ attributes: { permutation }, cotangents }) => [
      fn.transpose(
        cotangentOf({ cotangents }),
        permutation.map((_, axis) => permutation.indexOf(axis)),
      ),
    ],
    emit: (emitter, names, { attributes }) =>
      emitter.node('Transpose', names, { perm: { ints: attributes.permutation } }),
  } satisfies Op<{ readonly permutation: readonly number[] }>,

  /** Elements `[start, end)` along one axis. */
  slice: {
    infer: (inputs, { axis, start, end }) => {
      const { dtype, shape } = at(inputs, 0);
      requireSizes('slice', [start, end]);
      const size = shape[axis];
      if (typeof size === 'number' && typeof end === 'number' && end > size) {
        throw mismatch('slice', `at least ${end} elements along axis ${axis}`, inputs);
      }
      return [{ dtype, shape: withDim(shape, axis, sizeBetween('slice', start, end)) }];
    },
    gradient: ({ inputs, attributes: { axis, start }, cotangents }) => {
      const size = at(inputs, 0).shape[axis] ?? 1;
      return [fn.pad(cotangentOf({ cotangents }), { axis, before: start, size })];
    },
    emit: (emitter, names, { attributes: { axis, start, end } }) =>
      emitter.node('Slice', [...names, emitter.dim(start), emitter.dim(end), emitter.int64s([axis])]),
  } satisfies Op<{ readonly axis: number; readonly start: number; readonly end: Dim }>,

  /** Zeros around a tensor along one axis, so that it starts at `before` and the axis has `size` elements. */
  pad: {
    infer: (inputs, { axis, before, size }) => {
      const { dtype, shape } = at(inputs, 0);
      requireSizes('pad', [before, size]);
      const inner = shape[axis];
      if (typeof inner === 'number' && typeof size === 'number' && before + inner > size) {
        throw mismatch('pad', `at most ${size - before} elements along axis ${axis}`, inputs);
      }
      return [{ dtype, shape: withDim(shape, axis, size) }];
    },
    gradient: ({ inputs, attributes: { axis, before }, cotangents }) => {
      const inner = at(inputs, 0).shape[axis] ?? 1;
      const end = before === 0 ? inner : before + Number(inner);
      return [fn.slice(cotangentOf({ cotangents }), { axis, start: before, end })];
    },
    emit: (emitter, names, { inputs, attributes: { axis, before, size } }) => {
      const inner = at(inputs, 0).shape[axis] ?? 1;
      const [past] = emitter.node('Sub', [emitter.dim(size), emitter.dim(inner)]);
      const [after] = emitter.node('Sub', [past ?? '', emitter.dim(before)]);
      const [pads] = emitter.node('Concat', [emitter.dim(before), after ?? ''], { axis: { int: 0 } });
      return emitter.node('Pad', [...names, pads ?? '', '', emitter.int64s([axis])]);
    },
  } satisfies Op<{ readonly axis: number; readonly before: number; readonly size: Dim }>,

  concat: {
    infer: (inputs, { axis }) => {
      const dtype = requireSameDtype('concat', inputs);
      const sizes = inputs.map((tensor) => tensor.shape[axis]);
      const fits = inputs.every((tensor) =>
        sameShape(withDim(tensor.shape, axis, 0), withDim(at(inputs, 0).shape, axis, 0)),
      );
      if (!fits || !sizes.every((size) => typeof size === 'number')) {
        throw mismatch('concat', `shapes equal but for a known size along axis ${axis}`, inputs);
      }
      const total = sizes.reduce((sum: number, size) => sum + size, 0);
      return [{ dtype, shape: withDim(at(inputs, 0).shape, axis, total) }];
    },
    gradient: ({ inputs, attributes: { axis }, cotangents }) => {
      let start = 0;
      return inputs.map((tensor) => {
        const end = start + Number(tensor.shape[axis]);
        const part = fn.slice(cotangentOf({ cotangents }), { axis, start, end });
        start = end;
        return part;
      });
    },
    emit: (emitter, names, { attributes: { axis } }) => emitter.node('Concat', names, { axis: { int: axis } }),
  } satisfies Op<{ readonly axis: number }>,

  /** Rows of a table by index: `table` [rows, ...row], `ids` int64 [...any] gives [...any, ...row]. */
  gather: {
    infer: (inputs) => {
      const [table, ids] = [at(inputs, 0), at(inputs, 1)];
      if (table.shape.length === 0 || !isIndex(ids)) throw mismatch('gather', 'a table and integer ids', inputs);
      return [{ dtype: table.dtype, shape: [...ids.shape, ...table.shape.slice(1)] }];
    },
    gradient: ({ inputs, cotangents }) => {
      const [table, ids] = [at(inputs, 0), at(inputs, 1)];
      const [rows = 1, ...row] = table.shape;
      const size = productOf(row);
      const dy = fn.reshape(cotangentOf({ cotangents }), [...ids.shape, size]);
      return [fn.reshape(fn.sumRows(dy, ids, [rows, size]), table.shape), null];
    },
    emit: (emitter, names) => emitter.node('Gather', names, { axis: { int: 0 } }),
  } satisfies Op,

  /**
   * The transpose of `gather`: row i of the result is the sum of the rows of `x` whose id is i. Rows whose id comes once are written as they are; those of
   * equal ids are summed by a product with a 0/1 matrix [repeated ids, their tokens], and each id is written once: ScatterND with reduction=add would
   * depend on the order in which threads arrive, this repeats bit for bit.
   */
  sumRows: {
    infer: (inputs, { shape }) => {
      const [x, ids] = [at(inputs, 0), at(inputs, 1)];
      if (shape.length !== 2 || !isIndex(ids) || !sameShape(x.shape, [...ids.shape, shape[1] ?? 1])) {
        throw mismatch('sumRows', `rows for a table of ${formatShape(shape)}, one an integer id`, inputs);
      }
      return [{ dtype: x.dtype, shape }];
    },
    gradient: ({ inputs, cotangents }) => [fn.gather(cotangentOf({ cotangents }), at(inputs, 1)), null],
    emit: (emitter, [x = '', ids = ''], { inputs, attributes: { shape } }) => {
      const { dtype } = at(inputs, 0);
      const node = (...args: Parameters<Emitter['node']>): string => emitter.node(...args)[0] ?? '';
      const int64 = { to: { int: dataTypes.int64.onnx } }; // the only integers that ScatterND takes
      const wideIds = at(inputs, 1).dtype === 'int64' ? ids : node('Cast', [ids], int64);
      const rows = node('Reshape', [x, emitter.reshapeTarget([-1, shape[1] ?? 1])]);
      const [unique = '', first = '', places = '', counts = ''] = emitter.node(
        'Unique',
        [node('Mod', [wideIds, emitter.dim(shape[0] ?? 1)])], // so that −1 and the last row are one id
        { sorted: { int: 1 } },
        { outputs: 4 },
      );
      // Places among the unique ids, of those that come more than once, and of all their tokens.
      const one = emitter.constant('int64', [], 1);
      const isRepeated = node('Greater', [counts, one]);
      const indicesOf = (flags: string): string => node('Squeeze', [node('NonZero', [flags]), emitter.int64s([0])]);
      const repeated = indicesOf(isRepeated); // [repeated ids]
      const tokens = indicesOf(node('Gather', [isRepeated, places])); // [their tokens]
      const asColumn = (name: string): string => node('Unsqueeze', [name, emitter.int64s([1])]);
      const matches = node('Equal', [asColumn(repeated), node('Gather', [places, tokens])]);
      const sums = node('Gemm', [
        node('Cast', [matches], { to: { int: dataTypes[dtype].onnx } }),
        node('Gather', [rows, tokens]),
      ]);
      const zeros = node('Expand', [emitter.constant(dtype, [], 0), emitter.shapeTensor(shape)]);
      const firsts = node('ScatterND', [zeros, asColumn(unique), node('Gather', [rows, first])]);
      return emitter.node('ScatterND', [firsts, asColumn(node('Gather', [unique, repeated])), sums]);
    },
  } satisfies Op<{ readonly shape: Shape }>,

  matmul: {
    infer: inferMatmul,
    gradient: matmulGradient,
    emit: (emitter, names, { outputs, attributes }) =>
      emitMatmul(emitter, names, at(outputs, 0).shape.length, attributes),
  } satisfies Op<MatmulAttributes>,

  /** Over the last axis. */
  softmax: unaryLastAxis('Softmax', (dy, y) => {
    const inner = fn.reduceSum(fn.mul(dy, y), [-1], { keepDims: true });
    return fn.mul(y, fn.sub(dy, inner)); // dx = y ⊙ (dy − Σ dy ⊙ y)
  }),
  logSoftmax: unaryLastAxis('LogSoftmax', (dy, y) => {
    const total = fn.reduceSum(dy, [-1], { keepDims: true });
    return fn.sub(dy, fn.mul(fn.exp(y), total)); // dx = dy − softmax ⊙ Σ dy
  }),

  /** Over the last axis: outputs y, mean and inverse standard deviation. Inputs x [..., dim], scale [dim], bias [dim]. */
  layerNorm: {
    infer: (inputs) => {
      const [x, scale, bias] = [at(inputs, 0), at(inputs, 1), at(inputs, 2)];
      const dim = last(x.shape);
      if (!sameShape(scale.shape, bias.shape) || scale.shape.length !== 1 || scale.shape[0] !== dim) {
        throw mismatch('layerNorm', `scale and bias of shape [${dim}]`, inputs);
      }
      const dtype = requireSameDtype('layerNorm', inputs);
      if (dtype !== 'float32') {
        const actual = `${dtype}${formatShape(x.shape)}`;
        throw new AutogradError('DTYPE_MISMATCH', `layerNorm: expected float32, as its statistics are, got ${actual}`);
      }
      const statistic = { dtype, shape: [...x.shape.slice(0, -1), 1] };
      return [{ dtype, shape: x.shape }, statistic, statistic];
    },
    gradient: (context) => {
      const [x, scale] = [at(context.inputs, 0), at(context.inputs, 1)];
      const [mean, inverseStd] = [at(context.outputs, 1), at(context.outputs, 2)];
      if (context.cotangents[1] || context.cotangents[2]) {
        throw new AutogradError('NOT_DIFFERENTIABLE', 'layerNorm: only its first output has a gradient');
      }
      const dy = cotangentOf(context);
      const normalized = fn.mul(fn.sub(x, mean), inverseStd);
      const dScale = fn.mul(dy, normalized);
      const dNormalized = fn.mul(dy, scale);
      const mean1 = fn.reduceMean(dNormalized, [-1], { keepDims: true });
      const mean2 = fn.reduceMean(fn.mul(dNormalized, normalized), [-1], { keepDims: true });
      // dx = σ⁻¹ (dx̂ − mean(dx̂) − x̂ mean(dx̂ ⊙ x̂))
      const dx = fn.mul(fn.sub(fn.sub(dNormalized, mean1), fn.mul(normalized, mean2)), inverseStd);
      return [dx, fn.sumTo(dScale, scale.shape), fn.sumTo(dy, scale.shape)];
    },
    emit: (emitter, names, { attributes: { epsilon } }) =>
      emitter.node('LayerNormalization', names, { axis: { int: -1 }, epsilon: { float: epsilon } }, { outputs: 3 }),
  } satisfies Op<{ readonly epsilon: number }>,

  /**
   * Scaled-dot-product attention: query [batch, heads, query, size], key and value [batch, heads, key, size], optional additive bias and
   * optional dropout mask (both broadcast to [batch, heads, query, key]). Outputs: attended values, probabilities, probabilities after dropout.
   */
  attention: {
    infer: (inputs) => {
      const [query, key, value] = [at(inputs, 0), at(inputs, 1), at(inputs, 2)];
      if (query.shape.length !== 4 || key.shape.length !== 4 || !sameShape(key.shape, value.shape)) {
        throw mismatch('attention', 'query, key and value of rank 4, key shaped like value', inputs.slice(0, 3));
      }
      const [batch = 1, heads = 1, rows = 1, size = 1] = query.shape;
      const [batchOfKey, headsOfKey, columns = 1, sizeOfKey] = key.shape;
      if (batch !== batchOfKey || heads !== headsOfKey || size !== sizeOfKey) {
        throw mismatch('attention', 'query and key of equal batch, heads and head size', inputs.slice(0, 2));
      }
      const scores = [batch, heads, rows, columns];
      for (const extra of inputs.slice(3).filter((tensor) => !isAbsent(tensor))) {
        if (!sameShape(broadcastShapes('attention', scores, extra.shape), scores)) {
          throw mismatch('attention', `a bias or dropout mask that broadcasts to ${formatShape(scores)}`, [extra]);
        }
      }
      const dtype = requireSameDtype('attention', inputs);
      const probabilities = { dtype, shape: scores };
      return [{ dtype, shape: query.shape }, probabilities, probabilities];
    },
    gradient: attentionGradient,
    emit: (emitter, [query = '', key = '', value = '', bias = '', mask = ''], { inputs, attributes: { scale } }) => {
      const flags = { transB: { int: 1 }, alpha: { float: scale } };
      let [scores = ''] = emitter.node('FusedMatMul', [query, key], flags, { domain: MICROSOFT_DOMAIN });
      if (!isAbsent(at(inputs, 3))) [scores = ''] = emitter.node('Add', [scores, bias]);
      const [probabilities = ''] = emitter.node('Softmax', [scores], { axis: { int: -1 } });
      const [dropped = ''] = isAbsent(at(inputs, 4)) ? [probabilities] : emitter.node('Mul', [probabilities, mask]);
      return [...emitter.node('MatMul', [dropped, value]), probabilities, dropped];
    },
  } satisfies Op<AttentionAttributes>,

  /**
   * x [rows, inner] float × weight int8 [inner, columns] with one scale a column: x is quantized to uint8 on the fly, one scale a tensor.
   * For inference alone.
   */
  dynamicQuantizeMatmul: {
    infer: (inputs) => {
      const [x, weight, scale, bias] = [at(inputs, 0), at(inputs, 1), at(inputs, 2), at(inputs, 3)];
      const columns = weight.shape[1];
      const fits =
        last(x.shape) === weight.shape[0] &&
        sameShape(scale.shape, [columns ?? 1]) &&
        sameShape(bias.shape, scale.shape);
      if (!fits || weight.dtype !== 'int8') {
        throw mismatch(
          'dynamicQuantizeMatmul',
          'x [.., inner], int8 weight [inner, columns], scale and bias [columns]',
          inputs,
        );
      }
      return [{ dtype: x.dtype, shape: [...x.shape.slice(0, -1), columns ?? 1] }];
    },
    gradient: notDifferentiable,
    emit: (emitter, [x = '', weight = '', scale = '', bias = '']) =>
      emitter.node('DynamicQuantizeMatMul', [x, weight, scale, '', bias], {}, { domain: MICROSOFT_DOMAIN }),
  } satisfies Op,

  /**
   * ONNX Runtime's fused attention on [batch, seq, heads · size], with an int32 key padding mask [batch, seq]. Where the mask hides nothing,
   * as when one review runs alone, the faster kernel without a mask runs. For inference alone.
   */
  multiHeadAttention: {
    infer: (inputs, { heads }) => {
      const [query, key, value] = [at(inputs, 0), at(inputs, 1), at(inputs, 2)];
      const size = last(query.shape);
      if (
        query.shape.length !== 3 ||
        !sameShape(key.shape, value.shape) ||
        last(key.shape) !== size ||
        Number(size) % heads !== 0
      ) {
        throw mismatch(
          'multiHeadAttention',
          `query, key and value [batch, seq, dim], dim divisible by ${heads}`,
          inputs,
        );
      }
      return [{ dtype: query.dtype, shape: query.shape }];
    },
    gradient: notDifferentiable,
    emit: (emitter, [query = '', key = '', value = '', mask = ''], { outputs, attributes: { heads } }) => {
      const [least = ''] = emitter.node('ReduceMin', [mask], { keepdims: { int: 0 } });
      const [isUnpadded = ''] = emitter.node('Cast', [least], { to: { int: dataTypes.bool.onnx } });
      const branch = (inputs: readonly string[]) =>
        emitter.branch('MultiHeadAttention', inputs, { num_heads: { int: heads } }, MICROSOFT_DOMAIN, at(outputs, 0));
      return emitter.node('If', [isUnpadded], {
        then_branch: { graph: branch([query, key, value]) },
        else_branch: { graph: branch([query, key, value, '', mask]) },
      });
    },
  } satisfies Op<{ readonly heads: number }>,

  overSlices,

  /** A symbolic size as a float32 scalar, for means over sizes that are known only when the graph runs. */
  dimension: {
    infer: () => [{ dtype: 'float32', shape: [] }],
    gradient: notDifferentiable,
    emit: (emitter, _, { attributes: { dim } }) => {
      const [scalar = ''] = emitter.node('Squeeze', [emitter.dim(dim)]);
      return emitter.node('Cast', [scalar], { to: { int: dataTypes.float32.onnx } });
    },
  } satisfies Op<{ readonly dim: Dim }>,
};

function unaryLastAxis(onnxName: 'Softmax' | 'LogSoftmax', gradient: (dy: Tensor, y: Tensor) => Tensor): Op {
  return {
    ...unary(onnxName, null, (_, dy, y) => gradient(dy, y)),
    emit: (emitter, names) => emitter.node(onnxName, names, { axis: { int: -1 } }),
  };
}

export type OpName = keyof typeof opTable;

export type OpAttributes<Name extends OpName> =
  (typeof opTable)[Name] extends Op<infer Attributes> ? Attributes : never;
