import { type DistilBertConfig, parameterShapes, parseConfig, type Weight } from '@marquee/distilbert';

export const SHAPE_NAMES = ['distilbert', 'minilm'] as const;
export type ShapeName = (typeof SHAPE_NAMES)[number];

/** Sizes of distilbert-base-uncased and of all-MiniLM-L6-v2. */
const SIZES: Readonly<Record<ShapeName, { readonly dim: number; readonly hidden_dim: number }>> = {
  distilbert: { dim: 768, hidden_dim: 3072 },
  minilm: { dim: 384, hidden_dim: 1536 },
};

const SHAPE_LABELS: Readonly<Record<ShapeName, string>> = { distilbert: 'DistilBERT', minilm: 'MiniLM' };
export const shapeLabel = (shape: ShapeName): string => SHAPE_LABELS[shape];

/** The configuration of a shape. `dropout` is of hidden states and attention; above 0 the head has Hugging Face's 0.2. */
export function shapeConfig(shape: ShapeName, dropout = 0): DistilBertConfig {
  return parseConfig({
    model_type: 'distilbert',
    vocab_size: 30_522,
    max_position_embeddings: 512,
    n_layers: 6,
    n_heads: 12,
    ...SIZES[shape],
    dropout,
    attention_dropout: dropout,
    seq_classif_dropout: dropout > 0 ? 0.2 : 0,
  });
}

/**
 * Seeded weights at the scale of an untrained model: uniform with Hugging Face's standard deviation of 0.02. Biases are drawn too and norms lie around 1,
 * so that no parameter can be left out without a difference.
 */
export function randomWeights(config: DistilBertConfig, seed: number): Map<string, Weight> {
  const uniform = createUniform(seed);
  const halfWidth = 0.02 * Math.sqrt(3);
  const weights = new Map<string, Weight>();
  for (const [name, shape] of parameterShapes(config)) {
    const data = new Float32Array(shape.reduce((size, dim) => size * dim, 1));
    const center = /(LayerNorm|layer_norm)\.weight$/.test(name) ? 1 : 0;
    for (let i = 0; i < data.length; i += 1) data[i] = center + halfWidth * (2 * uniform() - 1);
    weights.set(name, { shape, data });
  }
  return weights;
}

/** Uniform in [0, 1) by mulberry32: 67 million draws in half a second, where statistical finesse buys nothing. */
function createUniform(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let x = Math.imul(state ^ (state >>> 15), 1 | state);
    x = (x + Math.imul(x ^ (x >>> 7), 61 | x)) ^ x;
    return ((x ^ (x >>> 14)) >>> 0) / 2 ** 32;
  };
}
