import { fromFloat32, type StoredTensor, toFloat32 } from '@marquee/safetensors';

import type { DistilBertConfig } from './config.js';
import { DistilBertError } from './distilbert-error.js';
import { HEAD_PARAMETERS, parameterShapes, positionEmbeddings, type Weight, type Weights } from './parameters.js';

/** Stored beside the encoder by other tasks or older versions, and not part of this architecture. */
const IGNORED = [/\.position_ids$/, /^position_ids$/, /(^|\.)pooler\./, /^cls\./, /^vocab_/];

export interface ImportedWeights {
  readonly weights: Map<string, Weight>;
  /** Head parameters that the checkpoint lacks; they are not in `weights`. */
  readonly missingHead: readonly string[];
}

/**
 * Reads a checkpoint of Hugging Face's DistilBERT or BERT (see `fromBert`). A missing classification head is reported; whatever else is missing,
 * unexpected or mis-shaped is listed in one `WEIGHTS_MISMATCH`.
 */
export function importWeights(
  stored: ReadonlyMap<string, StoredTensor>,
  config: DistilBertConfig,
  subject = 'model.safetensors',
): ImportedWeights {
  const relevant = new Map([...stored].filter(([name]) => !IGNORED.some((pattern) => pattern.test(name))));
  const named = isBert(relevant) ? fromBert(relevant, subject) : withPrefix(relevant);
  const expected = parameterShapes(config);
  const head: ReadonlySet<string> = new Set(HEAD_PARAMETERS);
  const missing = [...expected.keys()].filter((name) => !named.has(name));
  const missingHead = missing.filter((name) => head.has(name));
  const problems = [
    ...missing.filter((name) => !head.has(name)).map((name) => `${name} is missing`),
    ...[...named.keys()].filter((name) => !expected.has(name)).map((name) => `${name} is unexpected`),
    ...[...expected].flatMap(([name, shape]) => typeProblem(name, shape, named.get(name))),
  ];
  if (problems.length > 0) {
    throw new DistilBertError(
      'WEIGHTS_MISMATCH',
      `${subject}: expected the weights that config.json describes: ${problems.join('; ')}`,
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
  for (const [name, tensor] of stored) renamed.set(bertName(name.replace(/^bert\./, '')), tensor);
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

function bertName(name: string): string {
  const layer = /^encoder\.layer\.(\d+)\.(.+)\.(weight|bias)$/.exec(name);
  if (!layer) return name.startsWith('embeddings.') ? `distilbert.${name}` : name;
  const [, index, part, kind] = layer;
  const ours = BERT_LAYER_NAMES.find(([theirs]) => theirs === part)?.[1] ?? part;
  return `distilbert.transformer.layer.${index}.${ours}.${kind}`;
}

/** Refuses a checkpoint without a classification head: what evaluates, exports or serves must not invent one. */
export function requireHead({ missingHead }: ImportedWeights, subject: string): void {
  if (missingHead.length === 0) return;
  throw new DistilBertError(
    'MISSING_HEAD',
    `${subject}: expected a trained classification head, ${missingHead.join(', ')} missing`,
  );
}

/**
 * The weights with a new classification head, whatever the checkpoint holds: N(0, 0.02) matrices and zero biases, as Hugging Face initializes it.
 * `normal` gives standard normal deviates.
 */
export function withNewHead(weights: Weights, config: DistilBertConfig, normal: () => number): Map<string, Weight> {
  const result = new Map(weights);
  const shapes = parameterShapes(config);
  for (const name of HEAD_PARAMETERS) {
    const shape = shapes.get(name) ?? [];
    const data = new Float32Array(shape.reduce((size, dim) => size * dim, 1));
    if (name.endsWith('.weight')) for (let i = 0; i < data.length; i += 1) data[i] = 0.02 * normal();
    result.set(name, { shape, data });
  }
  return result;
}
