import {
  create,
  encodeModel,
  type GraphProto,
  GraphProtoSchema,
  type NodeProto,
  NodeProtoSchema,
  type TensorProto,
  TensorProtoSchema,
} from '@marquee/onnx';
import { AttributeProto_AttributeType as AttributeType, AttributeProtoSchema } from '@marquee/onnx';

import { AutogradError } from './autograd-error.js';
import { dataTypes } from './dtype.js';
import { valueInfo } from './emitter.js';
import { type Graph, toGraphProto, toModelProto } from './model.js';
import { requireSizes } from './shape.js';
import type { Tensor, TensorType } from './tensor.js';

export interface LoopOptions {
  /** Runs of the graph in one run of the loop. */
  readonly iterations: number;
  /** Inputs fed from an output of the iteration before: input name to output name. */
  readonly carried: Readonly<Record<string, string>>;
  /** Inputs that differ by iteration: fed as one tensor with a leading axis of `iterations`. */
  readonly stacked: readonly string[];
}

/**
 * The graph of K runs in one: an ONNX `Loop` whose carried values stay on the device between runs. Inputs that are neither carried nor
 * stacked are the same in every iteration. Outputs that are not carried come back with a leading axis of K, in order.
 */
export function toLoopGraphProto(graph: Graph, { iterations, carried, stacked }: LoopOptions): GraphProto {
  requireSizes('loop', [iterations]);
  const inputs = new Map(graph.inputs.map((tensor) => [inputName(tensor), tensor]));
  const carriedOutputs = new Set(Object.values(carried));
  for (const name of [...Object.keys(carried), ...stacked]) requireName('input', name, inputs.has(name));
  for (const name of carriedOutputs) requireName('output', name, name in graph.outputs);
  const collected = Object.keys(graph.outputs).filter((name) => !carriedOutputs.has(name));
  const stackedInputs = stacked.map((name) => stackedInput(name, typeOf(inputs, name), iterations));
  const body = loopBody(toGraphProto(graph), { carried, collected, stacked });
  const loop = create(NodeProtoSchema, {
    name: 'loop',
    opType: 'Loop',
    input: ['loop_iterations', '', ...Object.keys(carried).map((name) => name)],
    output: [...Object.values(carried), ...collected],
    attribute: [create(AttributeProtoSchema, { name: 'body', type: AttributeType.GRAPH, g: body })],
  });
  const constant = [...inputs.keys()].filter((name) => !stacked.includes(name));
  const looped = create(GraphProtoSchema, {
    name: `${graph.name}_loop`,
    node: [loop],
    initializer: [int64Scalar('loop_iterations', iterations)],
    input: [...constant.map((name) => valueInfo(name, typeOf(inputs, name))), ...stackedInputs],
    output: [
      ...Object.values(carried).map((name) => valueInfo(name, graph.outputs[name] as Tensor)), // required above
      ...collected.map((name) => valueInfo(name, withLeadingAxis(graph.outputs[name] as Tensor, iterations))),
    ],
  });
  requireDistinct([...definedNames(looped), ...definedNames(body)]);
  return looped;
}

/** The bytes of a `.onnx` file with `toLoopGraphProto`'s graph. */
export const toLoopModel = (graph: Graph, options: LoopOptions): Uint8Array =>
  encodeModel(toModelProto(toLoopGraphProto(graph, options)));

/** Inside the body every carried or stacked name is the iteration's own; outside it is the whole run's. */
function loopBody(
  graph: GraphProto,
  { carried, collected, stacked }: Omit<LoopOptions, 'iterations'> & { collected: string[] },
): GraphProto {
  const renamed = new Map(Object.keys(carried).map((name) => [name, `${name}_carried`]));
  for (const name of stacked) renamed.set(name, `${name}_iteration`);
  const gathers = stacked.map((name) => node('Gather', [name, 'loop_index'], [`${name}_iteration`]));
  const rename = (name: string): string => renamed.get(name) ?? name;
  const finals = new Map([...Object.values(carried), ...collected].map((name) => [name, `${name}_body`]));
  const nodes = graph.node.map((original) =>
    create(NodeProtoSchema, {
      ...renameInputs(original, rename),
      output: original.output.map((name) => finals.get(name) ?? name),
    }),
  );
  const declared = new Map([...graph.input, ...graph.output].map((info) => [info.name, info]));
  const info = (name: string, as: string) => ({ ...declared.get(name), name: as }) as GraphProto['input'][number];
  return create(GraphProtoSchema, {
    name: `${graph.name}_body`,
    node: [node('Identity', ['loop_condition'], ['loop_condition_body']), ...gathers, ...nodes],
    initializer: graph.initializer,
    input: [
      valueInfo('loop_index', { dtype: 'int64', shape: [] }),
      valueInfo('loop_condition', { dtype: 'bool', shape: [] }),
      ...Object.keys(carried).map((name) => info(name, rename(name))),
    ],
    output: [
      valueInfo('loop_condition_body', { dtype: 'bool', shape: [] }),
      ...[...Object.values(carried), ...collected].map((name) => info(name, `${name}_body`)),
    ],
  });
}

/** Graphs inside a node read values of the graph around it by name, too. */
function renameInputs(original: NodeProto, rename: (name: string) => string): NodeProto {
  const attribute = original.attribute.map((entry) =>
    entry.g ? { ...entry, g: { ...entry.g, node: entry.g.node.map((inner) => renameInputs(inner, rename)) } } : entry,
  );
  return { ...original, input: original.input.map(rename), attribute };
}

function node(opType: string, input: string[], output: string[]): NodeProto {
  return create(NodeProtoSchema, { opType, input, output });
}

function int64Scalar(name: string, value: number): TensorProto {
  const rawData = new Uint8Array(BigInt64Array.of(BigInt(value)).buffer);
  return create(TensorProtoSchema, { name, dataType: dataTypes.int64.onnx, dims: [], rawData });
}

const withLeadingAxis = ({ dtype, shape }: TensorType, size: number): TensorType => ({
  dtype,
  shape: [size, ...shape],
});
const stackedInput = (name: string, type: TensorType, iterations: number) =>
  valueInfo(name, withLeadingAxis(type, iterations));

function inputName({ source }: Tensor): string {
  if (source.kind !== 'input') throw new AutogradError('INVARIANT', 'bug: a graph input must be an input tensor');
  return source.name;
}

const typeOf = (inputs: ReadonlyMap<string, Tensor>, name: string): Tensor => inputs.get(name) as Tensor; // names are required first

/** Of a graph's inputs, constants and results, which share one space of names. */
const definedNames = ({ input, initializer, node: nodes }: GraphProto): string[] => [
  ...[...input, ...initializer].map(({ name }) => name),
  ...nodes.flatMap(({ output }) => output),
];

function requireDistinct(names: readonly string[]): void {
  const twice = names.find((name, index) => names.indexOf(name) < index);
  if (twice === undefined) return;
  throw new AutogradError('DUPLICATE_NAME', `loop: expected distinct names, got "${twice}" twice`);
}

function requireName(kind: string, name: string, isThere: boolean): void {
  if (!isThere)
    throw new AutogradError(
      'INVALID_ATTRIBUTE',
      `loop: expected "${name}" among the graph's ${kind}s, it is not there`,
    );
}
