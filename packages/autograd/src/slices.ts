import { create, type GraphProto, GraphProtoSchema } from '@marquee/onnx';

import { AutogradError } from './autograd-error.js';
import { type Emitter, valueInfo } from './emitter.js';
import type { Graph } from './model.js';
import type { Op } from './op.js';
import { type Dim, formatShape, sameShape, type Shape } from './shape.js';
import type { Tensor, TensorType } from './tensor.js';

/** How a batch is cut along its leading axis. */
export interface Slicing {
  /** Inputs of the body that are cut; the others are whole in every slice. */
  readonly sliced: readonly string[];
  /** Outputs that are summed over the slices; the others are joined along their leading axis again. */
  readonly summed: readonly string[];
  /** A slice has so many rows that the sizes `perRow` of all of them make at most `elements`, and at least one row. */
  readonly elements: number;
  readonly perRow: Dim;
}

export interface SlicesAttributes extends Slicing {
  readonly body: Graph;
}

/**
 * Runs a graph on one slice of a batch after the other, in an ONNX `Loop`: only one slice's intermediate values are alive at a time, and they
 * stay in the processor's caches. Inputs are the body's, whole; the last slice may be shorter. What has to be differentiated
 * is differentiated inside the body.
 */
export const overSlices: Op<SlicesAttributes> = {
  infer: (inputs, { body, sliced, summed }) => {
    const declared = new Map(body.inputs.map((tensor) => [inputName(tensor), tensor]));
    requireNames('input', sliced, [...declared.keys()]);
    requireNames('output', summed, Object.keys(body.outputs));
    const first = firstSliced(body, sliced);
    const rows = inputs[first]?.shape[0] ?? 1;
    const sliceRows = body.inputs[first]?.shape[0] ?? 1;
    [...declared].forEach(([name, { dtype, shape }], i) => {
      const isSliced = sliced.includes(name);
      requireFit(name, { dtype, shape: isSliced ? [rows, ...shape.slice(1)] : shape }, inputs[i]);
      requireRows(name, shape, sliceRows, isSliced);
    });
    for (const [name, { shape }] of Object.entries(body.outputs)) {
      requireRows(name, shape, sliceRows, !summed.includes(name));
    }
    return Object.entries(body.outputs).map(([name, { dtype, shape }]) => ({
      dtype,
      shape: summed.includes(name) ? shape : [rows, ...shape.slice(1)],
    }));
  },
  gradient: () => {
    throw new AutogradError('NOT_DIFFERENTIABLE', 'overSlices: expected a body that gives its gradients itself');
  },
  emit: (emitter, names, { inputs, outputs, attributes }) => {
    const { body, sliced, elements, perRow } = attributes;
    const node = (opType: string, from: readonly string[]): string => emitter.node(opType, from)[0] ?? '';
    const rows = emitter.dim(inputs[firstSliced(body, sliced)]?.shape[0] ?? 1); // [1], as the next two
    const one = emitter.int64s([1]);
    const sliceRows = node('Max', [node('Div', [emitter.int64s([elements]), emitter.dim(perRow)]), one]);
    const slices = node('Div', [node('Sub', [node('Add', [rows, sliceRows]), one]), sliceRows]);
    const { carried, joined } = sortOutputs(attributes);
    const zeros = carried.map(([, { dtype, shape }]) =>
      node('Expand', [emitter.constant(dtype, [], 0), emitter.shapeTensor(shape)]),
    );
    const graph = sliceBody(emitter, names, sliceRows, attributes);
    const loop = emitter.node(
      'Loop',
      [node('Squeeze', [slices]), '', ...zeros],
      { body: { graph } },
      { outputs: outputs.length },
    );
    const results = new Map<string, string>();
    carried.forEach(([name], i) => results.set(name, loop[i] ?? ''));
    joined.forEach(([name, { shape }], i) => {
      const stacked = loop[carried.length + i] ?? ''; // [slices, rows of a slice, ...]
      const flat = node('Reshape', [stacked, emitter.shapeTensor([-1, ...shape.slice(1)])]);
      results.set(name, node('Slice', [flat, emitter.int64s([0]), rows, emitter.int64s([0])]));
    });
    return Object.keys(body.outputs).map((name) => results.get(name) ?? '');
  },
};

/** One iteration: cuts the inputs, runs the body, adds its sums to those before and pads what is joined to the rows of a full slice. */
function sliceBody(
  outer: Emitter,
  names: readonly string[],
  sliceRows: string,
  attributes: SlicesAttributes,
): GraphProto {
  const { body, sliced } = attributes;
  const isSliced = body.inputs.map((tensor) => sliced.includes(inputName(tensor)));
  const emitter = outer.subgraph(
    body.name,
    body.inputs,
    (prefix) => names.map((name, i) => (isSliced[i] ? `${prefix}${inputName(body.inputs[i] as Tensor)}` : name)), // as many names as inputs
  );
  const own = (name: string): string => `${emitter.prefix}${name}`;
  const node = (opType: string, from: readonly string[]): string => emitter.node(opType, from)[0] ?? '';
  const firstAxis = emitter.int64s([0]);
  const start = node('Mul', [own('slice'), sliceRows]); // [1]
  const end = node('Add', [start, sliceRows]); // past the batch in the last slice: Slice clamps it
  names.forEach((name, i) => {
    if (isSliced[i]) emitter.named('Slice', [name, start, end, firstAxis], own(inputName(body.inputs[i] as Tensor)));
  });
  const { carried, joined } = sortOutputs(attributes);
  // ONNX Runtime turns a Gemm whose only use is a Sum into one that adds to what is there.
  for (const [name, tensor] of carried) {
    emitter.named('Sum', [emitter.emit(tensor), own(`sum.${name}`)], own(`next.${name}`));
  }
  for (const [name, tensor] of joined) {
    const value = emitter.emit(tensor);
    const [valueRows = ''] = emitter.node('Shape', [value], { start: { int: 0 }, end: { int: 1 } });
    const pads = emitter.node('Concat', [firstAxis, node('Sub', [sliceRows, valueRows])], { axis: { int: 0 } });
    emitter.named('Pad', [value, ...pads, '', firstAxis], own(`next.${name}`));
  }
  emitter.named('Identity', [own('go_on')], own('next_go_on'));
  const declared = (name: string, type: TensorType) => valueInfo(emitter.claim(own(name), 'an input'), type);
  return create(GraphProtoSchema, {
    name: `${emitter.prefix}body`,
    ...emitter.parts(),
    input: [
      declared('slice', { dtype: 'int64', shape: [] }),
      declared('go_on', { dtype: 'bool', shape: [] }),
      ...carried.map(([name, tensor]) => declared(`sum.${name}`, tensor)),
    ],
    output: [
      valueInfo(own('next_go_on'), { dtype: 'bool', shape: [] }),
      ...carried.map(([name, tensor]) => valueInfo(own(`next.${name}`), tensor)),
      ...joined.map(([name, { dtype, shape }]) =>
        valueInfo(own(`next.${name}`), { dtype, shape: ['slice_rows', ...shape.slice(1)] }),
      ),
    ],
  });
}

/** A loop gives what it carries before what it collects. */
function sortOutputs({ body, summed }: SlicesAttributes): Record<'carried' | 'joined', [string, Tensor][]> {
  const outputs = Object.entries(body.outputs);
  return {
    carried: outputs.filter(([name]) => summed.includes(name)),
    joined: outputs.filter(([name]) => !summed.includes(name)),
  };
}

const firstSliced = (body: Graph, sliced: readonly string[]): number =>
  body.inputs.findIndex((tensor) => sliced.includes(inputName(tensor)));

function inputName({ source }: Tensor): string {
  if (source.kind !== 'input') throw new AutogradError('INVARIANT', 'bug: a graph input must be an input tensor');
  return source.name;
}

function requireNames(kind: 'input' | 'output', wanted: readonly string[], there: readonly string[]): void {
  const missing = wanted.find((name) => !there.includes(name));
  if (missing === undefined && (kind === 'output' || wanted.length > 0)) return;
  const expectation = missing === undefined ? 'at least one sliced input' : `"${missing}" among the body's ${kind}s`;
  throw new AutogradError('INVALID_ATTRIBUTE', `overSlices: expected ${expectation}, it is not there`);
}

function requireFit(name: string, expected: TensorType, given: TensorType | undefined): void {
  if (given?.dtype === expected.dtype && sameShape(given.shape, expected.shape)) return;
  const format = ({ dtype, shape }: TensorType): string => `${dtype}${formatShape(shape)}`;
  throw new AutogradError(
    'SHAPE_MISMATCH',
    `overSlices: expected ${format(expected)} for "${name}", got ${given ? format(given) : 'nothing'}`,
  );
}

/** A symbol that stands for a slice's rows inside the body would be mistaken for the batch's anywhere but where tensors are cut and joined. */
function requireRows(name: string, shape: Shape, rows: Dim, isCut: boolean): void {
  const others = isCut ? shape.slice(1) : shape;
  const isElsewhere = others.some((dim) => String(dim).split('*').includes(String(rows)));
  if (typeof rows === 'string' && (!isCut || shape[0] === rows) && !isElsewhere) return;
  const place = isCut ? 'as its first axis alone' : 'in no axis';
  throw new AutogradError(
    'SHAPE_MISMATCH',
    `overSlices: expected "${name}" to have the symbol of a slice's rows ${place}, got ${formatShape(shape)}`,
  );
}
