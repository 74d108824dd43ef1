import type { DistilBertConfig } from './config.js';

/** A tensor of the model in memory: row-major float32. */
export interface Weight {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** Weights under Hugging Face's names. */
export type Weights = ReadonlyMap<string, Weight>;

export const EMBEDDINGS = 'distilbert.embeddings';
export const wordEmbeddings = `${EMBEDDINGS}.word_embeddings.weight`;
export const positionEmbeddings = `${EMBEDDINGS}.position_embeddings.weight`;
export const embeddingNorm = `${EMBEDDINGS}.LayerNorm`;

export const vocabularyTransform = 'vocab_transform';
export const vocabularyNorm = 'vocab_layer_norm';
export const vocabularyBias = 'vocab_projector.bias';

/** Prefix of a layer's parameters, layers counted from 0. */
export const layerPrefix = (layer: number): string => `distilbert.transformer.layer.${layer}`;

/** Name and shape of parameters, in the order of PyTorch's `named_parameters`. Matrices of linear maps are [out, in]. */
export type ParameterShapes = ReadonlyMap<string, readonly number[]>;

/** The parameters of the classifier: encoder and head. */
export function parameterShapes(config: DistilBertConfig): ParameterShapes {
  const { dim, num_labels: labels } = config;
  return new Map([
    ...encoderShapes(config),
    ...affine('pre_classifier', [dim, dim]),
    ...affine('classifier', [labels, dim]),
  ]);
}

/** The parameters of the masked language model. Its vocabulary projection is the word embeddings, so of its own it has only a bias. */
export function languageModelShapes(config: DistilBertConfig): ParameterShapes {
  const { dim, vocab_size: vocabulary } = config;
  return new Map([
    ...encoderShapes(config),
    ...affine(vocabularyTransform, [dim, dim]),
    ...affine(vocabularyNorm, [dim]),
    [vocabularyBias, [vocabulary]],
  ]);
}

function encoderShapes(config: DistilBertConfig): [string, readonly number[]][] {
  const { dim, hidden_dim: hidden } = config;
  const shapes: [string, readonly number[]][] = [
    [wordEmbeddings, [config.vocab_size, dim]],
    [positionEmbeddings, [config.max_position_embeddings, dim]],
    ...affine(embeddingNorm, [dim]),
  ];
  for (let layer = 0; layer < config.n_layers; layer += 1) {
    const prefix = layerPrefix(layer);
    shapes.push(
      ...['q_lin', 'k_lin', 'v_lin', 'out_lin'].flatMap((name) => affine(`${prefix}.attention.${name}`, [dim, dim])),
      ...affine(`${prefix}.sa_layer_norm`, [dim]),
      ...affine(`${prefix}.ffn.lin1`, [hidden, dim]),
      ...affine(`${prefix}.ffn.lin2`, [dim, hidden]),
      ...affine(`${prefix}.output_layer_norm`, [dim]),
    );
  }
  return shapes;
}

const affine = (name: string, shape: readonly number[]): [string, readonly number[]][] => [
  [`${name}.weight`, shape],
  [`${name}.bias`, [shape[0] ?? 0]],
];

/** The parameters that a pretrained encoder lacks, drawn anew for each task. */
export const HEAD_PARAMETERS = [
  'pre_classifier.weight',
  'pre_classifier.bias',
  'classifier.weight',
  'classifier.bias',
] as const;

/** What a checkpoint without a masked-language-model head lacks. */
export const LANGUAGE_HEAD_PARAMETERS = [
  `${vocabularyTransform}.weight`,
  `${vocabularyTransform}.bias`,
  `${vocabularyNorm}.weight`,
  `${vocabularyNorm}.bias`,
  vocabularyBias,
] as const;

export function parameterCount(config: DistilBertConfig): number {
  let count = 0;
  for (const shape of parameterShapes(config).values()) count += shape.reduce((size, dim) => size * dim, 1);
  return count;
}

/** Biases and layer normalizations are not decayed, as in Hugging Face's Trainer. */
export const isDecayed = (name: string): boolean => !name.endsWith('.bias') && !/LayerNorm|layer_norm/.test(name);
