import { add, type Dim, gelu, relu, reshape, slice, type Tensor } from '@marquee/autograd';

import type { DistilBertConfig } from './config.js';
import { embeddingNorm, layerPrefix } from './parameters.js';

/**
 * How the parts of the architecture are computed: in fp32 with dropout for training, in fp32 or int8 for inference. Activations are
 * [tokens, dim] with tokens = batch · seq; after the last attention only the rows that the head reads are left.
 */
export interface Blocks {
  /** Rows of the word embeddings for all tokens, plus their positions: [tokens, dim]. */
  embed(): Tensor;
  normalize(name: string, x: Tensor): Tensor;
  project(name: string, x: Tensor): Tensor;
  /** Self-attention before its output projection: queries from `queryRows`, so many of each sequence, keys and values from `x`. */
  attend(layer: number, queryRows: Tensor, x: Tensor, rowsPerSequence: Dim): Tensor;
  dropout(site: DropoutSite, x: Tensor): Tensor;
}

export type DropoutSite = 'embeddings' | 'classifier' | `layer.${number}.attention` | `layer.${number}.ffn`;

/** The rows of the last hidden states that a head reads: as many of each sequence. */
export interface ReadRows {
  readonly perSequence: Dim;
  /** From all rows, [batch · seq, dim], to [batch · perSequence, dim]. */
  select(x: Tensor): Tensor;
}

/** DistilBERT for sequence classification (Sanh et al. 2019), which reads the [CLS] row: logits [batch, num_labels]. */
export function distilBert(config: DistilBertConfig, blocks: Blocks): Tensor {
  const cls = encoder(config, blocks, { perSequence: 1, select: (x) => clsRows(x, config.dim) });
  const pooled = blocks.dropout('classifier', relu(blocks.project('pre_classifier', cls)));
  return blocks.project('classifier', pooled);
}

/**
 * The last hidden states that a head reads, [batch · perSequence, dim]. The last layer computes its query, attention output and feed-forward for
 * those rows alone; this is exact.
 */
export function encoder(config: DistilBertConfig, blocks: Blocks, read: ReadRows): Tensor {
  let x = blocks.dropout('embeddings', blocks.normalize(embeddingNorm, blocks.embed()));
  for (let layer = 0; layer < config.n_layers; layer += 1) {
    const isLast = layer === config.n_layers - 1;
    x = transformerLayer(config, blocks, layer, x, isLast ? read : ALL_ROWS);
  }
  return x;
}

const ALL_ROWS: ReadRows = { perSequence: 'seq', select: (x) => x };

/** The activation of the feed-forward and of the masked-language-model head. */
export const activate = (config: DistilBertConfig, x: Tensor): Tensor =>
  config.activation === 'gelu' ? gelu(x) : relu(x);

function transformerLayer(config: DistilBertConfig, blocks: Blocks, layer: number, x: Tensor, read: ReadRows): Tensor {
  const prefix = layerPrefix(layer);
  const rows = read.select(x);
  const attended = blocks.project(`${prefix}.attention.out_lin`, blocks.attend(layer, rows, x, read.perSequence));
  const middle = blocks.normalize(`${prefix}.sa_layer_norm`, add(attended, rows));
  const hidden = activate(config, blocks.project(`${prefix}.ffn.lin1`, middle));
  const output = blocks.dropout(`layer.${layer}.ffn`, blocks.project(`${prefix}.ffn.lin2`, hidden));
  return blocks.normalize(`${prefix}.output_layer_norm`, add(output, middle));
}

/** The first row of each sequence: [batch · seq, dim] to [batch, dim]. */
function clsRows(x: Tensor, dim: number): Tensor {
  return reshape(slice(reshape(x, ['batch', 'seq', dim]), { axis: 1, end: 1 }), ['batch', dim]);
}
