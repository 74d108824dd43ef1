import type { DistilBertConfig } from './config.js';

/** A tensor of the model in memory: row-major float32. */
export interface Weight {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** Weights under Hugging Face's names. */
export type Weights = ReadonlyMap<string, Weight>;

const EMBEDDINGS = 'distilbert.embeddings';
export const wordEmbeddings = `${EMBEDDINGS}.word_embeddings.weight`;
export const positionEmbeddings = `${EMBEDDINGS}.position_embeddings.weight`;
export const embeddingNorm = `${EMBEDDINGS}.LayerNorm`;

/** Prefix of a layer's parameters, layers counted from 0. */
export const layerPrefix = (layer: number): string => `distilbert.transformer.layer.${layer}`;

/** Name and shape of every parameter, in the order of PyTorch's `named_parameters`. Matrices of linear maps are [out, in]. */
export function parameterShapes(config: DistilBertConfig): Map<string, readonly number[]> {
  const { dim, hidden_dim: hidden } = config;
  const shapes = new Map<string, readonly number[]>([
    [wordEmbeddings, [config.vocab_size, dim]],
    [positionEmbeddings, [config.max_position_embeddings, dim]],
  ]);
  const affine = (name: string, shape: readonly number[]): void => {
    shapes.set(`${name}.weight`, shape);
    shapes.set(`${name}.bias`, [shape[0] ?? 0]);
  };
  affine(embeddingNorm, [dim]);
  for (let layer = 0; layer < config.n_layers; layer += 1) {
    const prefix = layerPrefix(layer);
    for (const name of ['q_lin', 'k_lin', 'v_lin', 'out_lin']) affine(`${prefix}.attention.${name}`, [dim, dim]);
    affine(`${prefix}.sa_layer_norm`, [dim]);
    affine(`${prefix}.ffn.lin1`, [hidden, dim]);
    affine(`${prefix}.ffn.lin2`, [dim, hidden]);
    affine(`${prefix}.output_layer_norm`, [dim]);
  }
  affine('pre_classifier', [dim, dim]);
  affine('classifier', [config.num_labels, dim]);
  return shapes;
}

/** The parameters that a pretrained encoder lacks, drawn anew for each task. */
export const HEAD_PARAMETERS = [
  'pre_classifier.weight',
  'pre_classifier.bias',
  'classifier.weight',
  'classifier.bias',
] as const;

export function parameterCount(config: DistilBertConfig): number {
  let count = 0;
  for (const shape of parameterShapes(config).values()) count += shape.reduce((size, dim) => size * dim, 1);
  return count;
}

/** Biases and layer normalizations are not decayed, as in Hugging Face's Trainer. */
export const isDecayed = (name: string): boolean => !name.endsWith('.bias') && !/LayerNorm|layer_norm/.test(name);
