import { AutogradError } from './autograd-error.js';
import { type DataType, dataTypes } from './dtype.js';
import type { Tensors } from './gradient.js';
import type { Graph } from './model.js';
import type { Op } from './op.js';
import { type OpAttributes, type OpName, opTable } from './op-table.js';
import {
  broadcastShapes,
  type Dim,
  formatShape,
  normalizeAxis,
  productOf,
  requireSizes,
  sameShape,
  type Shape,
} from './shape.js';
import type { Slicing } from './slices.js';
import { nextId, type Node, type Tensor, type TensorType } from './tensor.js';

/** A number stands for a scalar constant of the other operand's dtype. */
export type Operand = Tensor | number;

/** An input of the graph: fed at each run. */
export function input(name: string, dtype: DataType, shape: Shape): Tensor {
  requireSizes('input', shape);
  return { id: nextId(), dtype, shape, source: { kind: 'input', name } };
}

/** A constant of the graph, little-endian. `name` is what the initializer is called in the emitted model. */
export function constant(data: ArrayBufferView, dtype: DataType, shape: readonly number[], name?: string): Tensor {
  requireSizes('constant', shape);
  const expected = shape.reduce((size, dim) => size * dim, dataTypes[dtype].sizeBytes);
  if (data.byteLength !== expected) {
    const actual = `${data.byteLength} bytes`;
    throw new AutogradError(
      'SHAPE_MISMATCH',
      `constant: expected ${expected} bytes for [${shape.join(', ')}], got ${actual}`,
    );
  }
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  const source =
    name === undefined ? { kind: 'constant' as const, data: bytes } : { kind: 'constant' as const, data: bytes, name };
  return { id: nextId(), dtype, shape, source };
}

export function scalar(value: number, dtype: DataType = 'float32'): Tensor {
  if (dtype === 'float16') return cast(scalar(value), dtype);
  const data = scalarData(value, dtype);
  if (!dataTypes[dtype].isFloat && Number(data[0]) !== value) {
    throw new AutogradError('DTYPE_MISMATCH', `scalar: expected a value of ${dtype}, got ${value}`);
  }
  return constant(data, dtype, []);
}

/** An integer or a boolean may come out as another number, which the caller compares. */
function scalarData(value: number, dtype: Exclude<DataType, 'float16'>) {
  switch (dtype) {
    case 'float64':
      return Float64Array.of(value);
    case 'float32':
      return Float32Array.of(value);
    case 'int64':
      return BigInt64Array.of(Number.isInteger(value) ? BigInt(value) : 0n);
    case 'int32':
      return Int32Array.of(value);
    case 'int8':
      return Int8Array.of(value);
    case 'uint8':
      return Uint8Array.of(value);
    case 'bool':
      return Uint8Array.of(value === 0 ? 0 : 1);
  }
}

/** The number in a scalar float32 constant, or undefined for any other tensor. */
function scalarValue(tensor: Tensor): number | undefined {
  if (tensor.source.kind !== 'constant' || tensor.shape.length > 0 || tensor.dtype !== 'float32') return undefined;
  const { data } = tensor.source;
  return new DataView(data.buffer, data.byteOffset, data.byteLength).getFloat32(0, true);
}

function applyAll<Name extends OpName>(
  name: Name,
  inputs: readonly Tensor[],
  attributes: OpAttributes<Name>,
): readonly Tensor[] {
  const op: Op = opTable[name];
  const types: readonly TensorType[] = op.infer(inputs, attributes);
  const outputs: Tensor[] = [];
  const node: Node = { id: nextId(), name, op, inputs, attributes, outputs };
  types.forEach(({ dtype, shape }, index) =>
    outputs.push({ id: nextId(), dtype, shape, source: { kind: 'node', node, index } }),
  );
  return outputs;
}

function apply<Name extends OpName>(name: Name, inputs: readonly Tensor[], attributes: OpAttributes<Name>): Tensor {
  const folded = foldScalars(opTable[name], inputs);
  if (folded !== undefined) return scalar(folded);
  const [output] = applyAll(name, inputs, attributes);
  if (!output) throw new AutogradError('INVARIANT', `bug: ${name} has no output`);
  return output;
}

/** Scalars are folded while the graph is built, in float32 as the runtime would compute them. */
function foldScalars({ evaluate }: Op, inputs: readonly Tensor[]): number | undefined {
  if (!evaluate || inputs.length === 0) return undefined;
  const values = inputs.map(scalarValue);
  return values.every((value) => value !== undefined) ? evaluate(...values) : undefined;
}

function lift(a: Operand, b: Operand): [Tensor, Tensor] {
  if (typeof a === 'number') return typeof b === 'number' ? [scalar(a), scalar(b)] : [scalar(a, b.dtype), b];
  return [a, typeof b === 'number' ? scalar(b, a.dtype) : b];
}

/** `tensor` when the other operand is the scalar that leaves it as it is. */
function unlessNeutral(tensor: Tensor, other: Tensor, neutral: number): Tensor | undefined {
  return tensor.dtype === other.dtype && scalarValue(other) === neutral ? tensor : undefined;
}

export function add(a: Operand, b: Operand): Tensor {
  const [x, y] = lift(a, b);
  return unlessNeutral(x, y, 0) ?? unlessNeutral(y, x, 0) ?? apply('add', [x, y], {});
}

export function sub(a: Operand, b: Operand): Tensor {
  const [x, y] = lift(a, b);
  return unlessNeutral(x, y, 0) ?? apply('sub', [x, y], {});
}

export function mul(a: Operand, b: Operand): Tensor {
  const [x, y] = lift(a, b);
  return unlessNeutral(x, y, 1) ?? unlessNeutral(y, x, 1) ?? apply('mul', [x, y], {});
}

export function div(a: Operand, b: Operand): Tensor {
  const [x, y] = lift(a, b);
  return unlessNeutral(x, y, 1) ?? apply('div', [x, y], {});
}

/** `base ** exponent`; the gradient with respect to the exponent needs a positive base. */
export const pow = (base: Operand, exponent: Operand): Tensor => apply('pow', lift(base, exponent), {});
export const maximum = (a: Operand, b: Operand): Tensor => apply('maximum', lift(a, b), {});
export const minimum = (a: Operand, b: Operand): Tensor => apply('minimum', lift(a, b), {});

export const neg = (x: Tensor): Tensor => apply('neg', [x], {});
export const exp = (x: Tensor): Tensor => apply('exp', [x], {});
export const log = (x: Tensor): Tensor => apply('log', [x], {});
export const sqrt = (x: Tensor): Tensor => apply('sqrt', [x], {});
export const sin = (x: Tensor): Tensor => apply('sin', [x], {});
export const cos = (x: Tensor): Tensor => apply('cos', [x], {});
export const abs = (x: Tensor): Tensor => apply('abs', [x], {});
export const sign = (x: Tensor): Tensor => apply('sign', [x], {});
export const tanh = (x: Tensor): Tensor => apply('tanh', [x], {});
export const sigmoid = (x: Tensor): Tensor => apply('sigmoid', [x], {});
export const relu = (x: Tensor): Tensor => apply('relu', [x], {});
export const erf = (x: Tensor): Tensor => apply('erf', [x], {});
/** The exact Gaussian error linear unit x Φ(x) (Hendrycks and Gimpel 2016), not its tanh approximation. */
export const gelu = (x: Tensor): Tensor => apply('gelu', [x], {});

export const equal = (a: Operand, b: Operand): Tensor => apply('equal', lift(a, b), {});
export const greater = (a: Operand, b: Operand): Tensor => apply('greater', lift(a, b), {});
export const less = (a: Operand, b: Operand): Tensor => apply('less', lift(a, b), {});

export function where(condition: Tensor, a: Operand, b: Operand): Tensor {
  return apply('where', [condition, ...lift(a, b)], {});
}

export function cast(x: Tensor, to: DataType): Tensor {
  return x.dtype === to ? x : apply('cast', [x], { to });
}

/** The same value, through which no gradient flows. */
export const stopGradient = (x: Tensor): Tensor => apply('stopGradient', [x], {});

export interface ReductionOptions {
  /** Whether reduced axes stay with size 1. Default false. */
  readonly keepDims?: boolean;
}

function reduce(
  name: 'reduceSum' | 'reduceSumSquare' | 'reduceMean' | 'reduceMax',
  x: Tensor,
  axes: readonly number[] | undefined,
  { keepDims = false }: ReductionOptions,
): Tensor {
  const chosen = (axes ?? x.shape.map((_, axis) => axis)).map((axis) => normalizeAxis(name, axis, x.shape.length));
  if (new Set(chosen).size < chosen.length) {
    throw new AutogradError('INVALID_ATTRIBUTE', `${name}: expected distinct axes, got ${formatShape(axes ?? [])}`);
  }
  if (chosen.length === 0) return name === 'reduceSumSquare' ? mul(x, x) : x;
  return apply(name, [x], { axes: [...chosen].sort((a, b) => a - b), keepDims });
}

/** Over the given axes, all when none are given. */
export const reduceSum = (x: Tensor, axes?: readonly number[], options: ReductionOptions = {}): Tensor =>
  reduce('reduceSum', x, axes, options);
export const reduceSumSquare = (x: Tensor, axes?: readonly number[], options: ReductionOptions = {}): Tensor =>
  reduce('reduceSumSquare', x, axes, options);
export const reduceMean = (x: Tensor, axes?: readonly number[], options: ReductionOptions = {}): Tensor =>
  reduce('reduceMean', x, axes, options);
/** Equal maxima share the gradient evenly, as PyTorch's `amax` does. */
export const reduceMax = (x: Tensor, axes?: readonly number[], options: ReductionOptions = {}): Tensor =>
  reduce('reduceMax', x, axes, options);

export const reshape = (x: Tensor, shape: Shape): Tensor =>
  sameShape(x.shape, shape) ? x : apply('reshape', [x], { shape });
export const broadcastTo = (x: Tensor, shape: Shape): Tensor =>
  sameShape(x.shape, shape) ? x : apply('broadcastTo', [x], { shape });

/** The transpose of broadcasting: sums the axes along which `shape` was stretched to the shape of `x`. */
export function sumTo(x: Tensor, shape: Shape): Tensor {
  if (sameShape(x.shape, shape)) return x;
  if (!sameShape(broadcastShapes('sumTo', x.shape, shape), x.shape)) {
    const [from, to] = [formatShape(x.shape), formatShape(shape)];
    throw new AutogradError('SHAPE_MISMATCH', `sumTo: expected a shape that broadcasts to ${from}, got ${to}`);
  }
  const added = x.shape.length - shape.length;
  const stretched = x.shape.flatMap((dim, axis) =>
    axis < added || (shape[axis - added] === 1 && dim !== 1) ? [axis] : [],
  );
  return reshape(reduceSum(x, stretched), shape);
}

export const transpose = (x: Tensor, permutation: readonly number[]): Tensor =>
  apply('transpose', [x], { permutation });

export interface SliceOptions {
  readonly axis: number;
  readonly start?: number;
  readonly end: Dim;
}

/** Elements `[start, end)` along `axis`. */
export function slice(x: Tensor, { axis, start = 0, end }: SliceOptions): Tensor {
  const along = normalizeAxis('slice', axis, x.shape.length);
  return start === 0 && end === x.shape[along] ? x : apply('slice', [x], { axis: along, start, end });
}

export interface PadOptions {
  readonly axis: number;
  readonly before: number;
  /** Size of the axis after padding. */
  readonly size: Dim;
}

export const pad = (x: Tensor, { axis, before, size }: PadOptions): Tensor =>
  apply('pad', [x], { axis: normalizeAxis('pad', axis, x.shape.length), before, size });

export function concat(tensors: readonly Tensor[], axis: number): Tensor {
  return apply('concat', tensors, { axis: normalizeAxis('concat', axis, tensors[0]?.shape.length ?? 0) });
}

/** Rows of `table` [rows, ...row] by `ids` [...any], which count from the end where they are negative: the embedding look-up. */
export const gather = (table: Tensor, ids: Tensor): Tensor => apply('gather', [table, ids], {});
/** A table of the given shape [rows, row] whose row i is the sum of the rows of `x` with id i, modulo rows: the gradient of the embedding look-up. */
export const sumRows = (x: Tensor, ids: Tensor, shape: Shape): Tensor => apply('sumRows', [x, ids], { shape });

export interface MatmulOptions {
  readonly transposeA?: boolean;
  readonly transposeB?: boolean;
  /** Factor of the product. Default 1. */
  readonly alpha?: number;
  /** Added to a product of rank 2, broadcast. */
  readonly bias?: Tensor;
}

/** `alpha · op(a) op(b) + bias` over the last two axes, broadcasting the others. */
export function matmul(a: Tensor, b: Tensor, options: MatmulOptions = {}): Tensor {
  const { transposeA = false, transposeB = false, alpha = 1, bias } = options;
  return apply('matmul', bias ? [a, b, bias] : [a, b], { transposeA, transposeB, alpha });
}

/** `x` [rows, in] · `weight`ᵀ [out, in] + `bias` [out]: the layout of PyTorch's `nn.Linear`. */
export const linear = (x: Tensor, weight: Tensor, bias: Tensor): Tensor =>
  matmul(x, weight, { transposeB: true, bias });

/** Over the last axis. */
export const softmax = (x: Tensor): Tensor => apply('softmax', [x], {});
/** Over the last axis. */
export const logSoftmax = (x: Tensor): Tensor => apply('logSoftmax', [x], {});

/** log Σ exp x over the last axis, whatever the size of x: [..., n] to [..., 1]. */
export function logSumExp(x: Tensor): Tensor {
  const largest = stopGradient(reduceMax(x, [-1], { keepDims: true }));
  return add(log(reduceSum(exp(sub(x, largest)), [-1], { keepDims: true })), largest);
}

/** Over the last axis (Ba et al. 2016): x [..., dim], scale [dim], bias [dim]. */
export const layerNorm = (x: Tensor, scale: Tensor, bias: Tensor, epsilon: number): Tensor =>
  apply('layerNorm', [x, scale, bias], { epsilon });

/** Inverted dropout with a mask made outside: 0 where dropped, 1/(1 − rate) where kept. */
export const dropout = (x: Tensor, mask: Tensor | undefined): Tensor => (mask ? mul(x, mask) : x);

export interface AttentionOptions {
  /** Factor of the scores, usually 1/√size. */
  readonly scale: number;
  /** Added to the scores: 0 where a key may be read, a large negative number where it is padding. */
  readonly bias?: Tensor | undefined;
  /** Dropout mask of the probabilities. */
  readonly dropoutMask?: Tensor | undefined;
}

/** softmax(scale · q kᵀ + bias) v: query [batch, heads, query, size], key and value [batch, heads, key, size]. */
export function attention(query: Tensor, key: Tensor, value: Tensor, options: AttentionOptions): Tensor {
  const absent = constant(new Uint8Array(0), query.dtype, [0]);
  return apply('attention', [query, key, value, options.bias ?? absent, options.dropoutMask ?? absent], {
    scale: options.scale,
  });
}

export const dynamicQuantizeMatmul = (x: Tensor, weight: Tensor, scale: Tensor, bias: Tensor): Tensor =>
  apply('dynamicQuantizeMatmul', [x, weight, scale, bias], {});

export interface MultiHeadAttentionOptions {
  readonly heads: number;
  /** int32 [batch, seq]: 1 for a token, 0 for padding. */
  readonly keyPaddingMask: Tensor;
}

export function multiHeadAttention(
  query: Tensor,
  key: Tensor,
  value: Tensor,
  options: MultiHeadAttentionOptions,
): Tensor {
  return apply('multiHeadAttention', [query, key, value, options.keyPaddingMask], { heads: options.heads });
}

/** A size as a float32 scalar, known or symbolic. */
export function dimension(dim: Dim): Tensor {
  const size = productOf([dim]);
  return typeof size === 'number' ? scalar(size) : apply('dimension', [], { dim: size });
}

/** 1 at the label of each row, 0 elsewhere: labels int64 [rows] gives float32 [rows, classes]. */
export function oneHot(labels: Tensor, classes: number): Tensor {
  const range = constant(
    BigInt64Array.from({ length: classes }, (_, i) => BigInt(i)),
    'int64',
    [classes],
  );
  return cast(equal(reshape(labels, [...labels.shape, 1]), range), 'float32');
}

/**
 * Mean over rows of −Σ target ⊙ log softmax(logits), with target = (1 − smoothing) · one-hot + smoothing / classes
 * (Szegedy et al. 2016). With a weight for each class it is −Σ weight ⊙ target ⊙ log softmax(logits), over the sum of the labels' weights
 * (the definition of PyTorch's `cross_entropy`). logits [rows, classes], labels int64 [rows].
 */
export function crossEntropy(
  logits: Tensor,
  labels: Tensor,
  labelSmoothing = 0,
  classWeights?: readonly number[],
): Tensor {
  const classes = Number(logits.shape[1]);
  const target = add(mul(oneHot(labels, classes), 1 - labelSmoothing), labelSmoothing / classes);
  if (!classWeights) return neg(reduceMean(reduceSum(mul(target, logSoftmax(logits)), [-1])));
  const weighted = mul(mul(target, vector(classWeights)), logSoftmax(logits));
  return neg(div(reduceSum(weighted), totalWeight(labels, classWeights)));
}

/** What a mean over labels [rows] divides by: the sum of their classes' weights, or their number where classes have none. */
export function totalWeight(labels: Tensor, classWeights?: readonly number[]): Tensor {
  if (!classWeights) return dimension(productOf(labels.shape));
  return reduceSum(mul(oneHot(labels, classWeights.length), vector(classWeights)));
}

const vector = (values: readonly number[]): Tensor => constant(Float32Array.from(values), 'float32', [values.length]);

/**
 * What `body` gives on a batch that is cut into slices along its leading axis, one slice after the other: outputs summed over the slices, or
 * joined again. `bindings` has a tensor for each input of the body. See `Slicing`.
 */
export function overSlices(body: Graph, bindings: Tensors, slicing: Slicing): Record<string, Tensor> {
  const inputs = body.inputs.map(({ source }) => {
    const name = source.kind === 'input' ? source.name : '';
    const bound = bindings[name];
    if (bound) return bound;
    throw new AutogradError(
      'INVALID_ATTRIBUTE',
      `overSlices: expected a tensor for the body's input "${name}", got none`,
    );
  });
  const outputs = applyAll('overSlices', inputs, { ...slicing, body });
  return Object.fromEntries(Object.keys(body.outputs).map((name, i) => [name, outputs[i] as Tensor])); // one output each
}
