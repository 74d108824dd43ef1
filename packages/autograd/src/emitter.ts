import { createHash } from 'node:crypto';

import {
  AttributeProto_AttributeType as AttributeType,
  AttributeProtoSchema,
  create,
  type GraphProto,
  GraphProtoSchema,
  type NodeProto,
  NodeProtoSchema,
  type TensorProto,
  TensorProtoSchema,
  type ValueInfoProto,
  ValueInfoProtoSchema,
} from '@marquee/onnx';

import { AutogradError } from './autograd-error.js';
import { type DataType, dataTypes } from './dtype.js';
import { type Dim, productOf, type Shape } from './shape.js';
import type { Node, Tensor, TensorType } from './tensor.js';

/** ONNX attributes are typed, and a JavaScript number does not say whether it is an integer. */
export type AttributeValue =
  | { readonly int: number }
  | { readonly float: number }
  | { readonly ints: readonly number[] }
  | { readonly graph: GraphProto };

export interface NodeOptions {
  readonly domain?: string;
  readonly outputs?: number;
}

/** Writes one ONNX graph: nodes in execution order, equal nodes and equal constants once. */
export class Emitter {
  private readonly nodes: NodeProto[] = [];
  private readonly initializers = new Map<string, TensorProto>();
  private readonly names = new Map<number, string>();
  private readonly written = new Map<string, readonly string[]>();
  private readonly emitted = new Set<number>();
  private count = 0;

  /**
   * `prefix` stands before every name that is given here, `inputNames` replace the inputs' own, and `taken` are the names around with what they stand for:
   * all are for a subgraph.
   */
  constructor(
    private readonly inputs: readonly Tensor[],
    readonly prefix = '',
    inputNames: readonly string[] = [],
    private readonly taken = new Map<string, string>(),
  ) {
    const seen = new Set<string>();
    for (const [index, { id, source }] of inputs.entries()) {
      if (source.kind !== 'input') throw new AutogradError('INVARIANT', 'bug: a graph input must be an input tensor');
      if (seen.has(source.name)) {
        throw new AutogradError('DUPLICATE_INPUT', `emit: expected distinct input names, got "${source.name}" twice`);
      }
      seen.add(source.name);
      this.names.set(id, inputNames[index] ?? this.claim(source.name, 'an input'));
    }
  }

  /** Takes a name, which ONNX wants to stand for one value in a graph and all that are inside it. */
  claim(name: string, as: string): string {
    const other = this.taken.get(name);
    if (other !== undefined) {
      throw new AutogradError(
        'DUPLICATE_NAME',
        `emit: expected "${name}" to name one thing, got it for ${other} and ${as}`,
      );
    }
    this.taken.set(name, as);
    return name;
  }

  /** Appends a node, or finds an equal one (common-subexpression elimination), and returns the names of its outputs. */
  node(
    opType: string,
    inputs: readonly string[],
    attributes: Record<string, AttributeValue> = {},
    options: NodeOptions = {},
  ): string[] {
    const { domain = '', outputs = 1 } = options;
    const key = JSON.stringify([domain, opType, inputs, attributes, outputs], (_, value: unknown) =>
      typeof value === 'bigint' ? String(value) : value,
    );
    const existing = this.written.get(key);
    if (existing) return [...existing];
    this.count += 1;
    const label = `${this.prefix}${opType}_${this.count}`;
    const names = Array.from({ length: outputs }, (_, i) => this.claim(i === 0 ? label : `${label}_${i}`, 'a node'));
    const attribute = Object.entries(attributes).map(([name, value]) => attributeProto(name, value));
    this.nodes.push(
      create(NodeProtoSchema, { name: label, opType, domain, input: [...inputs], output: names, attribute }),
    );
    this.written.set(key, names);
    return names;
  }

  /** Appends a node whose one output has a name that others rely on. */
  named(opType: string, inputs: readonly string[], output: string): void {
    this.nodes.push(create(NodeProtoSchema, { opType, input: [...inputs], output: [this.claim(output, 'an output')] }));
  }

  /** Writes a graph inside this one, whose inputs are known by the given names there. */
  subgraph(label: string, inputs: readonly Tensor[], inputNames: (prefix: string) => readonly string[]): Emitter {
    this.count += 1;
    const prefix = `${this.prefix}${label}_${this.count}.`; // ONNX wants names that differ from those around
    return new Emitter(inputs, prefix, inputNames(prefix), this.taken);
  }

  /** The body of one side of an `If`: a single node over values of the graph around it. */
  branch(
    opType: string,
    inputs: readonly string[],
    attributes: Record<string, AttributeValue>,
    domain: string,
    output: TensorType,
  ): GraphProto {
    const attribute = Object.entries(attributes).map(([name, value]) => attributeProto(name, value));
    const name = `${opType}_${inputs.length}_of_${inputs[0] ?? ''}`;
    const node = create(NodeProtoSchema, { name, opType, domain, input: [...inputs], output: [name], attribute });
    return create(GraphProtoSchema, { name, node: [node], output: [valueInfo(name, output)] });
  }

  /** A one-dimensional int64 constant. */
  int64s(values: readonly number[]): string {
    return this.initializer(`ints_${values.join('_')}`, 'int64', [values.length], BigInt64Array.from(values, BigInt));
  }

  /** A constant filled with one value. */
  constant(dtype: DataType, shape: readonly number[], value: number): string {
    const length = shape.reduce((size, dim) => size * dim, 1);
    const name = `${dtype}_${value}_${shape.join('x')}`;
    if (dtype === 'int64') return this.initializer(name, dtype, shape, new BigInt64Array(length).fill(BigInt(value)));
    if (dtype === 'float32') return this.initializer(name, dtype, shape, new Float32Array(length).fill(value));
    if (value === 0) return this.initializer(name, dtype, shape, new Uint8Array(length * dataTypes[dtype].sizeBytes));
    throw new AutogradError('INVARIANT', `bug: no constant of dtype ${dtype} is emitted`);
  }

  /** A size as an int64 tensor of shape [1]; a symbol is read off the input that carries it. */
  dim(dim: Dim): string {
    if (typeof dim === 'number') return this.int64s([dim]);
    const factors = dim
      .split('*')
      .map((factor) => (/^\d+$/.test(factor) ? this.int64s([Number(factor)]) : this.symbol(factor)));
    return factors.reduce((product, factor) => this.node('Mul', [product, factor])[0] ?? '');
  }

  /** A shape as a one-dimensional int64 tensor. */
  shapeTensor(shape: Shape): string {
    if (shape.every((dim) => typeof dim === 'number')) return this.int64s(shape);
    return (
      this.node(
        'Concat',
        shape.map((dim) => this.dim(dim)),
        { axis: { int: 0 } },
      )[0] ?? ''
    );
  }

  /** As `shapeTensor`, with −1 for the size where only one is symbolic. */
  reshapeTarget(shape: Shape): string {
    const symbolic = shape.filter((dim) => typeof dim === 'string').length;
    return this.shapeTensor(symbolic === 1 ? shape.map((dim) => (typeof dim === 'string' ? -1 : dim)) : shape);
  }

  private symbol(name: string): string {
    for (const tensor of this.inputs) {
      const axis = tensor.shape.indexOf(name);
      if (axis < 0) continue;
      const range = { start: { int: axis }, end: { int: axis + 1 } };
      return this.node('Shape', [this.nameOf(tensor)], range)[0] ?? '';
    }
    throw new AutogradError('UNBOUND_DIMENSION', `emit: expected an input with a dimension "${name}", found none`);
  }

  /** Emits what a tensor depends on, inputs before consumers, and returns its name. Iterative: graphs may be deeper than the stack. */
  emit(tensor: Tensor): string {
    const stack: Node[] = tensor.source.kind === 'node' ? [tensor.source.node] : [];
    while (stack.length > 0) {
      const node = stack[stack.length - 1] as Node; // the loop runs while the stack is not empty
      const pending = node.inputs.flatMap(({ source }) =>
        source.kind === 'node' && !this.emitted.has(source.node.id) ? [source.node] : [],
      );
      if (pending.length > 0) {
        stack.push(...pending.reverse());
        continue;
      }
      stack.pop();
      if (!this.emitted.has(node.id)) this.emitNode(node);
    }
    return this.nameOf(tensor);
  }

  private emitNode(node: Node): void {
    const { inputs, outputs, attributes } = node;
    const inputNames = inputs.map((input) => this.nameOf(input));
    const outputNames = node.op.emit(this, inputNames, { inputs, outputs, attributes });
    outputs.forEach((output, i) => this.names.set(output.id, outputNames[i] ?? ''));
    this.emitted.add(node.id);
  }

  private nameOf(tensor: Tensor): string {
    const known = this.names.get(tensor.id);
    if (known !== undefined) return known;
    if (tensor.source.kind !== 'constant') {
      const name = tensor.source.kind === 'input' ? tensor.source.name : tensor.source.node.name;
      throw new AutogradError('INVARIANT', `emit: expected "${name}" among the graph's inputs, it is not there`);
    }
    const { data, name } = tensor.source;
    const key = name ?? `${tensor.dtype}_${contentKey(data)}_${tensor.shape.join('x')}`;
    const emitted = this.initializer(key, tensor.dtype, tensor.shape.map(Number), data);
    this.names.set(tensor.id, emitted);
    return emitted;
  }

  private initializer(key: string, dtype: DataType, shape: readonly number[], data: ArrayBufferView): string {
    const name = `${this.prefix}${key}`;
    const rawData = new Uint8Array(data.buffer as ArrayBuffer, data.byteOffset, data.byteLength);
    const dims = shape.map(BigInt);
    const dataType: number = dataTypes[dtype].onnx;
    const written = this.initializers.get(name);
    if (!written) {
      this.claim(name, 'a constant');
      this.initializers.set(name, create(TensorProtoSchema, { name, dataType, dims, rawData }));
    } else if (
      written.dataType !== dataType ||
      written.dims.join() !== dims.join() ||
      Buffer.compare(written.rawData, rawData) !== 0
    ) {
      throw new AutogradError('DUPLICATE_CONSTANT', `emit: expected one constant named "${name}", got two that differ`);
    }
    return name;
  }

  /** The nodes so far and the constants that they use. */
  parts(): { readonly node: NodeProto[]; readonly initializer: TensorProto[] } {
    return { node: this.nodes, initializer: [...this.initializers.values()] };
  }

  /** The finished graph, with the given tensors under the given names. */
  graph(name: string, outputs: Readonly<Record<string, Tensor>>): GraphProto {
    const output = Object.entries(outputs).map(([outputName, tensor]) => {
      if (outputName === '') {
        const actual = `${tensor.dtype}[${tensor.shape.join(', ')}]`;
        throw new AutogradError('UNNAMED_OUTPUT', `emit: expected a name for each output, got "" for ${actual}`);
      }
      this.named('Identity', [this.emit(tensor)], outputName);
      return valueInfo(outputName, tensor);
    });
    const input = this.inputs.map((tensor) => valueInfo(this.nameOf(tensor), tensor));
    return create(GraphProtoSchema, { name, ...this.parts(), input, output });
  }
}

/** The bytes in hexadecimal, or their digest where they are many. */
const contentKey = (data: Uint8Array): string =>
  data.length <= 64 ? Buffer.from(data).toString('hex') : createHash('sha256').update(data).digest('hex');

function attributeProto(name: string, value: AttributeValue) {
  if ('int' in value) return create(AttributeProtoSchema, { name, type: AttributeType.INT, i: BigInt(value.int) });
  if ('float' in value) return create(AttributeProtoSchema, { name, type: AttributeType.FLOAT, f: value.float });
  if ('graph' in value) return create(AttributeProtoSchema, { name, type: AttributeType.GRAPH, g: value.graph });
  return create(AttributeProtoSchema, { name, type: AttributeType.INTS, ints: value.ints.map(BigInt) });
}

export function valueInfo(name: string, { dtype, shape }: TensorType): ValueInfoProto {
  const dim = shape.map((size) =>
    typeof size === 'number'
      ? { value: { case: 'dimValue' as const, value: BigInt(size) } }
      : { value: { case: 'dimParam' as const, value: productOf([size]).toString() } },
  );
  const value = { elemType: dataTypes[dtype].onnx, shape: { dim } };
  return create(ValueInfoProtoSchema, { name, type: { value: { case: 'tensorType', value } } });
}
