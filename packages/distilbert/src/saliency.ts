import { add, gradients, input, mul, reduceSum, reshape, slice, sub, toModel } from '@marquee/autograd';

import type { DistilBertConfig } from './config.js';
import { distilBert } from './model.js';
import { parameterShapes } from './parameters.js';
import { floatBlocks, lookUpWords } from './training-blocks.js';

/**
 * Gradients for integrated gradients (Sundararajan et al. 2017) as a file without weights: they are inputs, float32, under Hugging Face's names. For points on the
 * straight line from the word embeddings of `baseline_ids` to those of `input_ids`, both int64 [1, seq] and unpadded, at `alphas` [batch] (0 the baseline, 1 the
 * review), with positions as they are at every point:
 * - `logit` [batch], the second label's minus the first's;
 * - `products` [batch, seq], each token's gradient of that logit times (input − baseline). Their mean over α is what the tokens contribute.
 */
export function saliencyModel(config: DistilBertConfig): Uint8Array {
  const parameters = Object.fromEntries(
    [...parameterShapes(config)].map(([name, shape]) => [name, input(name, 'float32', shape)]),
  );
  const inputIds = input('input_ids', 'int64', [1, 'seq']);
  const baselineIds = input('baseline_ids', 'int64', [1, 'seq']);
  const alphas = input('alphas', 'float32', ['batch']);

  const baseline = lookUpWords(parameters, baselineIds);
  const difference = sub(lookUpWords(parameters, inputIds), baseline);
  const words = add(baseline, mul(reshape(alphas, ['batch', 1, 1]), difference)); // [batch, seq, dim]
  const logits = distilBert(config, floatBlocks(config, parameters, { words }));
  const column = (label: number) => reshape(slice(logits, { axis: 1, start: label, end: label + 1 }), ['batch']);
  const logit = sub(column(1), column(0));
  // A point's logit depends on its own words alone, so the gradient of the sum holds every point's own.
  const [gradient = logit] = gradients(reduceSum(logit), [words]); // one target, one gradient
  const products = reduceSum(mul(gradient, difference), [-1]);
  return toModel({
    name: 'distilbert_saliency',
    inputs: [...Object.values(parameters), inputIds, baselineIds, alphas],
    outputs: { logit, products },
  });
}
