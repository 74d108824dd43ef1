import type {
  AttributeProto,
  FunctionProto,
  GraphProto,
  ModelProto,
  NodeProto,
  SparseTensorProto,
  TensorProto,
  ValueInfoProto,
} from '@marquee/onnx';
import { decodeModel, TensorProto_DataLocation, TensorProto_DataType } from '@marquee/onnx';

import { messageOf, ModelCoreError } from './errors.js';

/** What `com.microsoft` operators a graph may use: what this project emits, and their near relations in others' exports. */
export const ALLOWED_MICROSOFT_OPERATORS: ReadonlySet<string> = new Set([
  'BiasGelu',
  'DequantizeLinear',
  'DynamicQuantizeMatMul',
  'FusedMatMul',
  'Gelu',
  'LayerNormalization',
  'MatMulIntegerToFloat',
  'MultiHeadAttention',
  'QuantizeLinear',
  'SkipLayerNormalization',
]);

/** Steps that hand token ids, or a table of embeddings, on to a Gather without changing which row is meant. */
const PASSING_OPERATORS: ReadonlySet<string> = new Set([
  'Cast',
  'DequantizeLinear',
  'Flatten',
  'Identity',
  'Reshape',
  'Squeeze',
  'Unsqueeze',
]);

export interface GraphExpectations {
  /** The file's name, for messages. */
  readonly file: string;
  readonly vocabSize: number;
}

/** What a checked graph takes, and how large its weights are. */
export interface CheckedGraph {
  readonly inputNames: readonly string[];
  /** The largest magnitude of an int8 weight, embedding tables left out: those enter no product. 0 where there is none. */
  readonly largestInt8Weight: number;
}

/**
 * Checks an ONNX file before ONNX Runtime sees it. Throws `EXTERNAL_DATA` for a tensor stored outside the file, wherever
 * it hides; `OPERATOR_NOT_ALLOWED` outside `ai.onnx` and the list above; `VOCABULARY_MISMATCH` when the embedding table
 * that `input_ids` reads has other than `vocabSize` rows; `INVALID_GRAPH` for damaged bytes, and for inputs and outputs
 * other than `input_ids` and `attention_mask` (int64, `[batch, seq]`) to `logits` (float32, `[batch, 2]`).
 */
export function checkGraph(bytes: Uint8Array, expectations: GraphExpectations): CheckedGraph {
  const { file, vocabSize } = expectations;
  const { graph, initializers, inputs, int8Tensors } = decodeSafe(bytes, file);
  checkInterface(inputs, graph.output, file);
  for (const table of checkVocabulary(graph, initializers, vocabSize, file)) int8Tensors.delete(table);
  return { inputNames: inputs.map((input) => input.name), largestInt8Weight: largestMagnitude(int8Tensors) };
}

/** The largest file of gradients: it holds no weights. */
const MAX_SALIENCY_BYTES = 1e6;

const SALIENCY_INPUTS: Readonly<Record<string, readonly [type: TensorProto_DataType, rank: number]>> = {
  input_ids: [TensorProto_DataType.INT64, 2],
  baseline_ids: [TensorProto_DataType.INT64, 2],
  alphas: [TensorProto_DataType.FLOAT, 1],
};

export interface SaliencyExpectations {
  readonly file: string;
  /** Shapes of the weights that the graph may ask for, by name. */
  readonly weights: ReadonlyMap<string, readonly number[]>;
}

/**
 * As `checkGraph`, for gradients that hold no weights: throws `INVALID_GRAPH` for a file above 1 MB, for inputs that are neither weights of that shape nor `input_ids` and
 * `baseline_ids` (int64 [1, seq]) and `alphas` (float32 [batch]), and for outputs other than `logit` [batch] and `products` [batch, seq].
 */
export function checkSaliencyGraph(bytes: Uint8Array, { file, weights }: SaliencyExpectations): void {
  const refuse = (expectation: string): ModelCoreError =>
    new ModelCoreError('INVALID_GRAPH', `${file}: ${expectation}`, { file });
  if (bytes.length > MAX_SALIENCY_BYTES)
    throw refuse(`must have at most ${MAX_SALIENCY_BYTES} bytes, has ${bytes.length}`);
  const { graph, inputs } = decodeSafe(bytes, file);
  for (const input of inputs) {
    const weight = weights.get(input.name);
    const [type, size] = SALIENCY_INPUTS[input.name] ?? [TensorProto_DataType.FLOAT, weight?.length];
    const isKnown = size !== undefined && elementType(input) === type && rank(input) === size;
    if (isKnown && (!weight || isOfShape(input, weight))) continue;
    throw refuse(`input "${input.name}" must be one of the weights as they are, input_ids, baseline_ids or alphas`);
  }
  for (const name of Object.keys(SALIENCY_INPUTS)) {
    if (!inputs.some((input) => input.name === name)) throw refuse(`has no input "${name}"`);
  }
  for (const [name, size] of [
    ['logit', 1],
    ['products', 2],
  ] as const) {
    const output = graph.output.find((each) => each.name === name);
    if (!output || elementType(output) !== TensorProto_DataType.FLOAT || rank(output) !== size) {
      throw refuse(`must have an output "${name}", float32 of rank ${size}`);
    }
  }
}

interface SafeGraph {
  readonly graph: GraphProto;
  readonly initializers: ReadonlyMap<string, TensorProto>;
  /** Those that must be fed. */
  readonly inputs: readonly ValueInfoProto[];
  readonly int8Tensors: Set<TensorProto>;
}

/** A graph that uses allowed operators alone and no data outside its file. */
function decodeSafe(bytes: Uint8Array, file: string): SafeGraph {
  const { graph, model } = decode(bytes, file);
  const int8Tensors = new Set<TensorProto>();
  for (const part of walkModel(model)) {
    if (part.kind === 'node') checkOperator(part.node, file);
    else checkTensor(part.tensor, file);
    if (part.kind === 'tensor' && isInt8(part.tensor)) int8Tensors.add(part.tensor);
  }
  const initializers = new Map(graph.initializer.map((tensor) => [tensor.name, tensor]));
  return {
    graph,
    initializers,
    inputs: graph.input.filter((input) => !initializers.has(input.name)),
    int8Tensors,
  };
}

/** The format has a number there, which need not be one of the enumeration. */
const isInt8 = ({ dataType }: TensorProto): boolean => dataType === (TensorProto_DataType.INT8 as number);

function largestMagnitude(int8Tensors: Iterable<TensorProto>): number {
  let largest = 0;
  for (const { rawData, int32Data } of int8Tensors) {
    const values = int32Data.length > 0 ? int32Data : new Int8Array(rawData.buffer, rawData.byteOffset, rawData.length);
    for (const value of values) largest = Math.max(largest, Math.abs(value));
  }
  return largest;
}

function decode(bytes: Uint8Array, file: string): { model: ModelProto; graph: GraphProto } {
  try {
    const model = decodeModel(bytes);
    if (model.graph) return { model, graph: model.graph };
  } catch (cause) {
    throw new ModelCoreError('INVALID_GRAPH', `${file}: ${messageOf(cause)}`, { file, cause });
  }
  throw new ModelCoreError('INVALID_GRAPH', `${file}: expected an ONNX model with a graph`, { file });
}

type Part =
  { readonly kind: 'node'; readonly node: NodeProto } | { readonly kind: 'tensor'; readonly tensor: TensorProto };

/** Every node and tensor: of nested graphs, of functions and their default attributes, and of training graphs. */
function* walkModel(model: ModelProto): Generator<Part> {
  // A list instead of recursion: the depth of a hostile file cannot exhaust the stack.
  const graphs: (GraphProto | undefined)[] = [model.graph];
  for (const { algorithm, initialization } of model.trainingInfo) graphs.push(algorithm, initialization);
  for (const definition of model.functions) yield* walkFunction(definition, graphs);
  for (let graph = graphs.pop(); graph !== undefined || graphs.length > 0; graph = graphs.pop()) {
    if (!graph) continue;
    for (const tensor of graph.initializer) yield { kind: 'tensor', tensor };
    for (const sparse of graph.sparseInitializer) yield* walkSparse(sparse);
    for (const node of graph.node) yield* walkNode(node, graphs);
  }
}

function* walkFunction(definition: FunctionProto, graphs: (GraphProto | undefined)[]): Generator<Part> {
  for (const attribute of definition.attributeProto) yield* walkAttribute(attribute, graphs);
  for (const node of definition.node) yield* walkNode(node, graphs);
}

function* walkNode(node: NodeProto, graphs: (GraphProto | undefined)[]): Generator<Part> {
  yield { kind: 'node', node };
  for (const attribute of node.attribute) yield* walkAttribute(attribute, graphs);
}

function* walkAttribute(attribute: AttributeProto, graphs: (GraphProto | undefined)[]): Generator<Part> {
  graphs.push(attribute.g);
  for (const graph of attribute.graphs) graphs.push(graph);
  for (const tensor of [attribute.t, ...attribute.tensors]) if (tensor) yield { kind: 'tensor', tensor };
  for (const sparse of [attribute.sparseTensor, ...attribute.sparseTensors]) if (sparse) yield* walkSparse(sparse);
}

function* walkSparse(sparse: SparseTensorProto): Generator<Part> {
  for (const tensor of [sparse.values, sparse.indices]) if (tensor) yield { kind: 'tensor', tensor };
}

function checkTensor(tensor: TensorProto, file: string): void {
  if (tensor.dataLocation === TensorProto_DataLocation.DEFAULT && tensor.externalData.length === 0) return;
  throw new ModelCoreError('EXTERNAL_DATA', `${file}: tensor "${tensor.name}" is stored outside the file`, { file });
}

function checkOperator(node: NodeProto, file: string): void {
  if (node.domain === '' || node.domain === 'ai.onnx') return;
  if (node.domain === 'com.microsoft' && ALLOWED_MICROSOFT_OPERATORS.has(node.opType)) return;
  throw new ModelCoreError('OPERATOR_NOT_ALLOWED', `${file}: operator ${node.domain}.${node.opType} is not allowed`, {
    file,
  });
}

function checkInterface(inputs: readonly ValueInfoProto[], outputs: readonly ValueInfoProto[], file: string): void {
  const refuse = (expectation: string): ModelCoreError =>
    new ModelCoreError('INVALID_GRAPH', `${file}: ${expectation}`, { file });
  for (const input of inputs) {
    if (input.name !== 'input_ids' && input.name !== 'attention_mask') {
      throw refuse(`takes input "${input.name}", expected input_ids and attention_mask`);
    }
    if (elementType(input) !== TensorProto_DataType.INT64 || rank(input) !== 2) {
      throw refuse(`input "${input.name}" must be int64 [batch, seq]`);
    }
  }
  if (!inputs.some((input) => input.name === 'input_ids')) throw refuse('has no input "input_ids"');
  const logits = outputs.find((output) => output.name === 'logits');
  if (!logits) throw refuse('has no output "logits"');
  if (elementType(logits) !== TensorProto_DataType.FLOAT || rank(logits) !== 2) {
    throw refuse('output "logits" must be float32 [batch, 2]');
  }
}

function elementType(value: ValueInfoProto): number | undefined {
  return value.type?.value.case === 'tensorType' ? value.type.value.value.elemType : undefined;
}

function rank(value: ValueInfoProto): number | undefined {
  return value.type?.value.case === 'tensorType' ? value.type.value.value.shape?.dim.length : undefined;
}

function isOfShape(value: ValueInfoProto, shape: readonly number[]): boolean {
  const dims = value.type?.value.case === 'tensorType' ? (value.type.value.value.shape?.dim ?? []) : [];
  return dims.every(({ value: dim }, axis) => dim.case === 'dimValue' && Number(dim.value) === shape[axis]);
}

/** The embedding tables that it found. */
function checkVocabulary(
  graph: GraphProto,
  initializers: ReadonlyMap<string, TensorProto>,
  vocabSize: number,
  file: string,
): readonly TensorProto[] {
  const tables = embeddingTables(graph, initializers);
  if (tables.length === 0) {
    throw new ModelCoreError('INVALID_GRAPH', `${file}: found no embedding table that input_ids reads`, { file });
  }
  for (const table of tables) {
    const rows = Number(table.dims[0] ?? 0n);
    if (rows === vocabSize) continue;
    throw new ModelCoreError(
      'VOCABULARY_MISMATCH',
      `${file}: table "${table.name}" has ${rows} rows, and the tokenizer has ${vocabSize} tokens`,
      { file },
    );
  }
  return tables;
}

/** The initializers from which token ids pick rows. Nodes of an ONNX graph stand in topological order. */
function embeddingTables(graph: GraphProto, initializers: ReadonlyMap<string, TensorProto>): TensorProto[] {
  const ids = new Set(['input_ids']);
  const stored = new Map(initializers);
  const tables = new Set<TensorProto>();
  for (const node of graph.node) {
    const [data = '', indices = ''] = node.input;
    const [output = ''] = node.output;
    const table = stored.get(data);
    if (node.opType === 'Gather' && ids.has(indices) && table) tables.add(table);
    if (!PASSING_OPERATORS.has(node.opType)) continue;
    if (ids.has(data)) ids.add(output);
    if (table) stored.set(output, table);
  }
  return [...tables];
}
