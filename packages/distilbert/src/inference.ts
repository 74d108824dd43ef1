import { constant, type Graph, input, type Tensor, type Tensors, toModel } from '@marquee/autograd';

import type { DistilBertConfig } from './config.js';
import { distilBert } from './model.js';
import { parameterShapes, type Weights } from './parameters.js';
import { floatBlocks, lookUpWords } from './training-blocks.js';
import { requireHeadIn } from './weights.js';

const tokenInputs = (): { inputIds: Tensor; attentionMask: Tensor } => ({
  inputIds: input('input_ids', 'int64', ['batch', 'seq']),
  attentionMask: input('attention_mask', 'int64', ['batch', 'seq']),
});

/** The fp32 model as a file: `input_ids` and `attention_mask`, int64 [batch, seq], to `logits` [batch, num_labels]. Throws `MISSING_HEAD` without one. */
export function inferenceModel(config: DistilBertConfig, weights: Weights): Uint8Array {
  requireHeadIn(weights, 'inferenceModel');
  const parameters = Object.fromEntries(
    [...weights].map(([name, { shape, data }]) => [name, constant(data, 'float32', shape, name)]),
  );
  return toModel(logitsGraph(config, parameters, []));
}

/** The same function with the weights as inputs under their names: what evaluates during training, without a copy of the weights. */
export function evaluationGraph(config: DistilBertConfig): Graph {
  const parameters = Object.fromEntries(
    [...parameterShapes(config)].map(([name, shape]) => [name, input(name, 'float32', shape)]),
  );
  return logitsGraph(config, parameters, Object.values(parameters));
}

function logitsGraph(config: DistilBertConfig, parameters: Tensors, parameterInputs: readonly Tensor[]): Graph {
  const { inputIds, attentionMask } = tokenInputs();
  const words = lookUpWords(parameters, inputIds);
  const logits = distilBert(config, floatBlocks(config, parameters, { words, attentionMask }));
  return { name: 'distilbert', inputs: [...parameterInputs, inputIds, attentionMask], outputs: { logits } };
}
