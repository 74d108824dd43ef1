import { fromFloat32, type StoredTensor, toFloat32 } from '@marquee/safetensors';

import type { DistilBertConfig } from './config.js';
import { DistilBertError } from './distilbert-error.js';
import {
  HEAD_PARAMETERS,
  LANGUAGE_HEAD_PARAMETERS,
  languageModelShapes,
  type ParameterShapes,
  parameterShapes,
  positionEmbeddings,
  vocabularyBias,
  vocabularyNorm,
  vocabularyTransform,
  type Weight,
  type Weights,
} from './parameters.js';

/** Stored beside the encoder by older versions or other tasks, and not part of this architecture. */
const FOREIGN = [/(^|\.)position_ids$/, /(^|\.)pooler\./, /^cls\.seq_relationship\./];
const LANGUAGE_HEAD = [/^cls\./, /^vocab_/];
const CLASSIFICATION_HEAD = [/^pre_classifier\./, /^classifier\./];
/** Copies of the word embeddings and of the vocabulary's bias. */
const TIED = [/^vocab_projector\.weight$/, /^cls\.predictions\.decoder\./];

export interface ImportedWeights {
  readonly weights: Map<string, Weight>;
  /** Head parameters that the checkpoint lacks; they are not in `weights`. */
  readonly missingHead: readonly string[];
}

/**
 * Reads a checkpoint of Hugging Face's DistilBERT or BERT (see `fromBert`). A missing classification head is reported; whatever else is missing,
 * unexpected or mis-shaped is listed in one `WEIGHTS_MISMATCH`, the first twenty by name.
 */
export function importWeights(
  stored: ReadonlyMap<string, StoredTensor>,
  config: DistilBertConfig,
  subject = 'model.safetensors',
): ImportedWeights {
  const relevant = without(stored, [...FOREIGN, ...LANGUAGE_HEAD]);
  return readWeights(relevant, { expected: parameterShapes(config), head: HEAD_PARAMETERS, subject });
}

/** As `importWeights`, for the masked language model: a missing head of that kind is reported, a classification head is left out. */
export function importLanguageModel(
  stored: ReadonlyMap<string, StoredTensor>,
  config: DistilBertConfig,
  subject = 'model.safetensors',
): ImportedWeights {
  const relevant = without(stored, [...FOREIGN, ...CLASSIFICATION_HEAD, ...TIED]);
  return readWeights(relevant, { expected: languageModelShapes(config), head: LANGUAGE_HEAD_PARAMETERS, subject });
}

const without = (
  stored: ReadonlyMap<string, StoredTensor>,
  patterns: readonly RegExp[],
): ReadonlyMap<string, StoredTensor> =>
  new Map([...stored].filter(([name]) => !patterns.some((pattern) => pattern.test(name))));

const NAMED_PROBLEMS = 20;

interface ReadOptions {
  readonly expected: ParameterShapes;
  /** Those of the expected parameters that may be missing. */
  readonly head: readonly string[];
  readonly subject: string;
}

function readWeights(
  stored: ReadonlyMap<string, StoredTensor>,
  { expected, head, subject }: ReadOptions,
): ImportedWeights {
  const named = isBert(stored) ? fromBert(stored, subject) : withPrefix(stored);
  const missing = [...expected.keys()].filter((name) => !named.has(name));
  const missingHead = missing.filter((name) => head.includes(name));
  const problems = [
    ...missing.filter((name) => !head.includes(name)).map((name) => `${name} is missing`),
    ...[...named.keys()].filter((name) => !expected.has(name)).map((name) => `${name} is unexpected`),
    ...[...expected].flatMap(([name, shape]) => typeProblem(name, shape, named.get(name))),
  ];
  if (problems.length > 0) {
    const more = problems.length - NAMED_PROBLEMS;
    const told = [...problems.slice(0, NAMED_PROBLEMS), ...(more > 0 ? [`and ${more} more`] : [])];
    throw new DistilBertError(
      'WEIGHTS_MISMATCH',
      `${subject}: expected the weights that config.json describes: ${told.join('; ')}`,
    );
  }
  const present = [...expected.keys()].filter((name) => named.has(name));
  const weights = new Map(present.map((name) => [name, toWeight(named.get(name) as StoredTensor)])); // present: in `named`
  return { weights, missingHead };
}

const FLOATS: ReadonlySet<string> = new Set(['F32', 'F16', 'BF16']);

function typeProblem(name: string, shape: readonly number[], tensor: StoredTensor | undefined): string[] {
  if (!tensor) return [];
  if (!FLOATS.has(tensor.dtype)) return [`${name} has dtype ${tensor.dtype}, expected F32, F16 or BF16`];
  if (tensor.shape.join() === shape.join()) return [];
  return [`${name} has shape [${tensor.shape.join(', ')}], expected [${shape.join(', ')}]`];
}

const toWeight = (tensor: StoredTensor): Weight => ({ shape: tensor.shape, data: toFloat32(tensor) });

/** The weights as tensors of a safetensors file, in the order of the architecture. */
export function exportWeights(weights: Weights, dtype: 'F32' | 'F16'): [string, StoredTensor][] {
  return [...weights].map(([name, { shape, data }]) => [name, fromFloat32(data, shape, dtype)]);
}

const isBert = (stored: ReadonlyMap<string, StoredTensor>): boolean =>
  [...stored.keys()].some((name) => name.includes('encoder.layer.'));

/** Checkpoints of the bare encoder lack the `distilbert.` prefix. */
function withPrefix(stored: ReadonlyMap<string, StoredTensor>): Map<string, StoredTensor> {
  return new Map(
    [...stored].map(([name, tensor]) => [
      /^(embeddings|transformer)\./.test(name) ? `distilbert.${name}` : name,
      tensor,
    ]),
  );
}

const BERT_LAYER_NAMES: readonly (readonly [string, string])[] = [
  ['attention.self.query', 'attention.q_lin'],
  ['attention.self.key', 'attention.k_lin'],
  ['attention.self.value', 'attention.v_lin'],
  ['attention.output.dense', 'attention.out_lin'],
  ['attention.output.LayerNorm', 'sa_layer_norm'],
  ['intermediate.dense', 'ffn.lin1'],
  ['output.dense', 'ffn.lin2'],
  ['output.LayerNorm', 'output_layer_norm'],
];

/**
 * BERT's names in DistilBERT's. DistilBERT has no token types, and reviews have only type 0: its row is added to every position embedding,
 * which is exact. The pooler is dropped, as DistilBERT classifies the [CLS] row itself.
 */
function fromBert(stored: ReadonlyMap<string, StoredTensor>, subject: string): Map<string, StoredTensor> {
  const renamed = new Map<string, StoredTensor>();
  for (const [name, tensor] of stored) renamed.set(bertName(currentName(name.replace(/^bert\./, ''))), tensor);
  const types = renamed.get('distilbert.embeddings.token_type_embeddings.weight');
  const positions = renamed.get(positionEmbeddings);
  if (!types || !positions) {
    throw new DistilBertError(
      'NOT_CONVERTIBLE',
      `${subject}: expected BERT's token-type and position embeddings, one is missing`,
    );
  }
  renamed.delete('distilbert.embeddings.token_type_embeddings.weight');
  const sums = Float32Array.from(toFloat32(positions));
  const type0 = toFloat32(types);
  const dim = positions.shape[1] ?? 0;
  if (types.shape.length !== 2 || types.shape[1] !== dim) {
    throw new DistilBertError(
      'NOT_CONVERTIBLE',
      `${subject}: expected token-type embeddings [any, ${dim}] like the positions, got [${types.shape.join(', ')}]`,
    );
  }
  for (let i = 0; i < sums.length; i += 1) sums[i] = (sums[i] ?? 0) + (type0[i % dim] ?? 0);
  renamed.set(positionEmbeddings, fromFloat32(sums, positions.shape, 'F32'));
  return renamed;
}

const BERT_HEAD_NAMES: readonly (readonly [string, string])[] = [
  ['cls.predictions.transform.dense.', `${vocabularyTransform}.`],
  ['cls.predictions.transform.LayerNorm.', `${vocabularyNorm}.`],
  ['cls.predictions.bias', vocabularyBias],
];

/** Checkpoints converted from TensorFlow, such as bert-base-uncased, call a layer normalization's parameters gamma and beta. */
const currentName = (name: string): string =>
  name.replace(/LayerNorm\.gamma$/, 'LayerNorm.weight').replace(/LayerNorm\.beta$/, 'LayerNorm.bias');

function bertName(name: string): string {
  const head = BERT_HEAD_NAMES.find(([theirs]) => name.startsWith(theirs));
  if (head) return name.replace(...head);
  const layer = /^encoder\.layer\.(\d+)\.(.+)\.(weight|bias)$/.exec(name);
  if (!layer) return name.startsWith('embeddings.') ? `distilbert.${name}` : name;
  const [, index, part, kind] = layer;
  const ours = BERT_LAYER_NAMES.find(([theirs]) => theirs === part)?.[1] ?? part;
  return `distilbert.transformer.layer.${index}.${ours}.${kind}`;
}

/** Refuses a checkpoint without a classification head: what evaluates, exports or serves must not invent one. */
export function requireHead({ missingHead }: Pick<ImportedWeights, 'missingHead'>, subject: string): void {
  if (missingHead.length === 0) return;
  throw new DistilBertError(
    'MISSING_HEAD',
    `${subject}: expected a trained classification head, ${missingHead.join(', ')} missing`,
  );
}

/** As `requireHead`, of weights that may have come from elsewhere. */
export const requireHeadIn = (weights: Weights, subject: string): void =>
  requireHead({ missingHead: HEAD_PARAMETERS.filter((name) => !weights.has(name)) }, subject);

/**
 * The weights with a new classification head, whatever the checkpoint holds: N(0, 0.02) matrices and zero biases, as Hugging Face initializes it.
 * `normal` gives standard normal deviates.
 */
export function withNewHead(weights: Weights, config: DistilBertConfig, normal: () => number): Map<string, Weight> {
  return withNew(weights, HEAD_PARAMETERS, parameterShapes(config), normal);
}

/** As `withNewHead`, for the masked language model; its layer normalization starts as the identity. */
export function withNewLanguageHead(
  weights: Weights,
  config: DistilBertConfig,
  normal: () => number,
): Map<string, Weight> {
  return withNew(weights, LANGUAGE_HEAD_PARAMETERS, languageModelShapes(config), normal);
}

function withNew(
  weights: Weights,
  names: readonly string[],
  shapes: ParameterShapes,
  normal: () => number,
): Map<string, Weight> {
  const result = new Map(weights);
  for (const name of names) {
    const shape = shapes.get(name) ?? [];
    const data = new Float32Array(shape.reduce((size, dim) => size * dim, 1));
    if (shape.length === 2) for (let i = 0; i < data.length; i += 1) data[i] = 0.02 * normal();
    else if (name.endsWith('.weight')) data.fill(1);
    result.set(name, { shape, data });
  }
  return result;
}
