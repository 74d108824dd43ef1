import {
  add,
  attention,
  cast,
  dropout,
  gather,
  layerNorm,
  linear,
  mul,
  reshape,
  slice,
  sub,
  type Tensor,
  type Tensors,
  transpose,
} from '@marquee/autograd';

import { type DistilBertConfig, LAYER_NORM_EPSILON } from './config.js';
import type { Blocks } from './model.js';
import { layerPrefix, positionEmbeddings, wordEmbeddings } from './parameters.js';

/** Added to the scores of padding keys: their probability becomes exactly 0 in float32. */
const MASKED_SCORE = 1e9;

export interface BatchInputs {
  /** Rows of the word embeddings, [batch, seq, dim]. */
  readonly words: Tensor;
  /** int64 [batch, seq], 1 for a token, 0 for padding; absent where no sequence is padded. */
  readonly attentionMask?: Tensor | undefined;
  /** Dropout masks by site; absent sites are not dropped. */
  readonly dropoutMasks?: Tensors | undefined;
  /** Computes the linear maps, for a precision of their own. Default: in float32. */
  readonly linear?: typeof linear | undefined;
}

/** The architecture in float32, differentiable: what is trained, and without dropout the fp32 inference graph. */
export function floatBlocks(config: DistilBertConfig, parameters: Tensors, batch: BatchInputs): Blocks {
  const { dim, n_heads: heads } = config;
  const size = dim / heads;
  const parameter = (name: string): Tensor => {
    const tensor = parameters[name];
    if (!tensor) throw new RangeError(`bug: the graph asks for parameter "${name}", which is not declared`);
    return tensor;
  };
  const map = batch.linear ?? linear;
  const project = (name: string, x: Tensor): Tensor => map(x, parameter(`${name}.weight`), parameter(`${name}.bias`));
  const masks = batch.dropoutMasks ?? {};
  const bias = batch.attentionMask && paddingBias(batch.attentionMask);
  const splitHeads = (x: Tensor, rows: string | number): Tensor =>
    transpose(reshape(x, ['batch', rows, heads, size]), [0, 2, 1, 3]); // [batch, heads, rows, size]

  return {
    embed: () => {
      const positions = slice(parameter(positionEmbeddings), { axis: 0, end: 'seq' });
      return reshape(add(batch.words, positions), ['batch*seq', dim]);
    },
    project,
    normalize: (name, x) => layerNorm(x, parameter(`${name}.weight`), parameter(`${name}.bias`), LAYER_NORM_EPSILON),
    attend: (layer, queryRows, x, rowsPerSequence) => {
      const prefix = `${layerPrefix(layer)}.attention`;
      const attended = attention(
        splitHeads(project(`${prefix}.q_lin`, queryRows), rowsPerSequence),
        splitHeads(project(`${prefix}.k_lin`, x), 'seq'),
        splitHeads(project(`${prefix}.v_lin`, x), 'seq'),
        { scale: 1 / Math.sqrt(size), bias, dropoutMask: masks[`layer.${layer}.attention`] },
      );
      return reshape(transpose(attended, [0, 2, 1, 3]), queryRows.shape);
    },
    dropout: (site, x) => dropout(x, masks[site] && reshape(masks[site], x.shape)),
  };
}

/** What the word embeddings give for int64 ids [batch, seq]: [batch, seq, dim]. */
export function lookUpWords(parameters: Tensors, inputIds: Tensor): Tensor {
  const table = parameters[wordEmbeddings];
  if (!table) throw new RangeError(`bug: the parameters lack "${wordEmbeddings}"`);
  return gather(table, inputIds);
}

/** 0 where a key may be read and −10⁹ where it is padding: [batch, 1, 1, seq]. */
function paddingBias(attentionMask: Tensor): Tensor {
  const mask = cast(attentionMask, 'float32');
  return reshape(mul(sub(mask, 1), MASKED_SCORE), ['batch', 1, 1, 'seq']);
}
