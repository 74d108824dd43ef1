import {
  add,
  cast,
  constant,
  dynamicQuantizeMatmul,
  gather,
  input,
  layerNorm,
  mul,
  multiHeadAttention,
  reshape,
  slice,
  type Tensor,
  toModel,
} from '@marquee/autograd';

import { type DistilBertConfig, LAYER_NORM_EPSILON } from './config.js';
import { type Blocks, distilBert } from './model.js';
import { layerPrefix, positionEmbeddings, type Weight, type Weights, wordEmbeddings } from './parameters.js';
import { type QuantizedMatrix, quantizeLinear, quantizeTable } from './quantize.js';
import { requireHeadIn } from './weights.js';

/**
 * The int8 model as a file, with the inputs and output of `inferenceModel`: every linear map as a dynamic uint8 × int8 product (query, key and value in
 * one), word embeddings as int8 dequantized by row, the rest in float32. Throws `MISSING_HEAD` without one.
 */
export function quantizedModel(config: DistilBertConfig, weights: Weights): Uint8Array {
  requireHeadIn(weights, 'quantizedModel');
  const inputIds = input('input_ids', 'int64', ['batch', 'seq']);
  const attentionMask = input('attention_mask', 'int64', ['batch', 'seq']);
  const logits = distilBert(config, quantizedBlocks(config, weights, inputIds, attentionMask));
  return toModel({ name: 'distilbert_int8', inputs: [inputIds, attentionMask], outputs: { logits } });
}

function quantizedBlocks(config: DistilBertConfig, weights: Weights, inputIds: Tensor, attentionMask: Tensor): Blocks {
  const { dim, n_heads: heads } = config;
  const weightOf = (name: string): Weight => {
    const weight = weights.get(name);
    if (!weight) throw new RangeError(`bug: the graph asks for weight "${name}", which was not imported`);
    return weight;
  };
  const float = (name: string): Tensor => {
    const { data, shape } = weightOf(name);
    return constant(data, 'float32', shape, name);
  };
  /** Linear maps of one input, side by side in one product. */
  const projectAll = (names: readonly string[], as: string, x: Tensor): Tensor => {
    const matrix = quantizeLinear(stack(names.map((name) => weightOf(`${name}.weight`))));
    const bias = stack(names.map((name) => weightOf(`${name}.bias`)));
    return dynamicQuantizeMatmul(
      x,
      ...matrixTensors(matrix, as),
      constant(bias.data, 'float32', bias.shape, `${as}.bias`),
    );
  };
  const keyPaddingMask = cast(attentionMask, 'int32');

  return {
    embed: () => {
      const [table, scales] = matrixTensors(quantizeTable(weightOf(wordEmbeddings)), wordEmbeddings);
      const rows = cast(gather(table, inputIds), 'float32'); // [batch, seq, dim]
      const rowScales = reshape(gather(scales, inputIds), ['batch', 'seq', 1]);
      const positions = slice(float(positionEmbeddings), { axis: 0, end: 'seq' });
      return reshape(add(mul(rows, rowScales), positions), ['batch*seq', dim]);
    },
    project: (name, x) => projectAll([name], name, x),
    normalize: (name, x) => layerNorm(x, float(`${name}.weight`), float(`${name}.bias`), LAYER_NORM_EPSILON),
    attend: (layer, queryRows, x, rowsPerSequence) => {
      const prefix = `${layerPrefix(layer)}.attention`;
      const part = (name: string): string => `${prefix}.${name}_lin`;
      const isWhole = queryRows === x;
      const fused = projectAll((isWhole ? ['q', 'k', 'v'] : ['k', 'v']).map(part), `${prefix}.fused`, x);
      const columns = (index: number): Tensor =>
        reshape(slice(fused, { axis: 1, start: index * dim, end: (index + 1) * dim }), ['batch', 'seq', dim]);
      const query = isWhole
        ? columns(0)
        : reshape(projectAll([part('q')], part('q'), queryRows), ['batch', rowsPerSequence, dim]);
      const [key, value] = isWhole ? [columns(1), columns(2)] : [columns(0), columns(1)];
      return reshape(multiHeadAttention(query, key, value, { heads, keyPaddingMask }), queryRows.shape);
    },
    dropout: (_, x) => x,
  };
}

const matrixTensors = ({ data, shape, scales }: QuantizedMatrix, name: string): [Tensor, Tensor] => [
  constant(data, 'int8', shape, `${name}.int8`),
  constant(scales, 'float32', [scales.length], `${name}.scale`),
];

/** Weights with equal trailing sizes, one below the other. */
function stack(parts: readonly Weight[]): Weight {
  const rows = parts.reduce((sum, { shape }) => sum + (shape[0] ?? 0), 0);
  const data = new Float32Array(parts.reduce((sum, part) => sum + part.data.length, 0));
  let offset = 0;
  for (const part of parts) {
    data.set(part.data, offset);
    offset += part.data.length;
  }
  return { shape: [rows, ...(parts[0]?.shape.slice(1) ?? [])], data };
}
