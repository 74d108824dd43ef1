import { add, gelu, relu, reshape, slice, type Tensor } from '@marquee/autograd';

import type { DistilBertConfig } from './config.js';
import { embeddingNorm, layerPrefix } from './parameters.js';

/**
 * How the parts of the architecture are computed: in fp32 with dropout for training, in fp32 or int8 for inference. Activations are
 * [tokens, dim] with tokens = batch · seq; after the last attention only the [CLS] rows are left, [batch, dim].
 */
export interface Blocks {
  /** Rows of the word embeddings for all tokens, plus their positions: [tokens, dim]. */
  embed(): Tensor;
  normalize(name: string, x: Tensor): Tensor;
  project(name: string, x: Tensor): Tensor;
  /** Self-attention before its output projection: queries from `queryRows`, keys and values from `x`. */
  attend(layer: number, queryRows: Tensor, x: Tensor): Tensor;
  dropout(site: DropoutSite, x: Tensor): Tensor;
}

export type DropoutSite = 'embeddings' | 'classifier' | `layer.${number}.attention` | `layer.${number}.ffn`;

/**
 * DistilBERT for sequence classification (Sanh et al. 2019): logits [batch, num_labels]. The classifier reads only the [CLS] row, so the
 * last layer computes its query, attention output and feed-forward for that row alone; this is exact.
 */
export function distilBert(config: DistilBertConfig, blocks: Blocks): Tensor {
  let x = blocks.dropout('embeddings', blocks.normalize(embeddingNorm, blocks.embed()));
  for (let layer = 0; layer < config.n_layers; layer += 1) {
    const rows = layer === config.n_layers - 1 ? clsRows(x, config.dim) : x;
    x = transformerLayer(config, blocks, layer, rows, x);
  }
  const pooled = blocks.dropout('classifier', relu(blocks.project('pre_classifier', x)));
  return blocks.project('classifier', pooled);
}

function transformerLayer(config: DistilBertConfig, blocks: Blocks, layer: number, rows: Tensor, x: Tensor): Tensor {
  const prefix = layerPrefix(layer);
  const attended = blocks.project(`${prefix}.attention.out_lin`, blocks.attend(layer, rows, x));
  const middle = blocks.normalize(`${prefix}.sa_layer_norm`, add(attended, rows));
  const activate = config.activation === 'gelu' ? gelu : relu;
  const hidden = activate(blocks.project(`${prefix}.ffn.lin1`, middle));
  const output = blocks.dropout(`layer.${layer}.ffn`, blocks.project(`${prefix}.ffn.lin2`, hidden));
  return blocks.normalize(`${prefix}.output_layer_norm`, add(output, middle));
}

/** The first row of each sequence: [batch · seq, dim] to [batch, dim]. */
function clsRows(x: Tensor, dim: number): Tensor {
  return reshape(slice(reshape(x, ['batch', 'seq', dim]), { axis: 1, end: 1 }), ['batch', dim]);
}
