import { toModel } from '@marquee/autograd';
import { type DistilBertConfig, evaluationGraph, parameterShapes } from '@marquee/distilbert';
import { planSortedBatches } from '@marquee/dataset';
import { createSession, type SessionOptions, type Tensor } from '@marquee/model-core';

import { type EvaluationWatch, watchReviews } from './evaluation-watch.js';
import { sigmoid } from './sigmoid.js';
import { batchTensors, type EncodedReviews } from './training-data.js';

type Evaluate = (
  parameters: Readonly<Record<string, Tensor>>,
  reviews: EncodedReviews,
  watch: EvaluationWatch,
) => Promise<Float64Array>;

/** Evaluates in fp32 and without dropout. Each function gives a number a review, in the order of the reviews, and throws `INTERRUPTED`. */
export interface Evaluator {
  /** Logit of the positive class minus that of the negative one. */
  readonly margins: Evaluate;
  /** Probability of the positive class. */
  readonly positiveProbabilities: Evaluate;
  close(): Promise<void>;
}

/** Evaluates weights that are still in training: they are fed, not copied into a graph. */
export async function createEvaluator(
  config: DistilBertConfig,
  batchSize: number,
  options: SessionOptions,
): Promise<Evaluator> {
  const session = await createSession(toModel(evaluationGraph(config)), options);
  const names = [...parameterShapes(config).keys()];
  const evaluateMargins: Evaluate = async (parameters, reviews, watch) => {
    const margins = new Float64Array(reviews.lengths.length);
    const count = watchReviews(watch, reviews.lengths.length);
    let done = 0;
    const weights = Object.fromEntries(names.map((name) => [name, parameters[name] as Tensor])); // the state holds every parameter
    for (const { rows } of planSortedBatches(reviews.lengths, batchSize)) {
      const { logits } = await session.run({ ...weights, ...batchTensors(reviews, rows, config.pad_token_id).inputs });
      const values = (logits as Tensor).data as Float32Array; // [batch, 2]
      rows.forEach((row, place) => {
        margins[row] = (values[2 * place + 1] ?? NaN) - (values[2 * place] ?? NaN);
      });
      done += rows.length;
      count(done);
    }
    return margins;
  };
  return {
    margins: evaluateMargins,
    positiveProbabilities: async (...args) => (await evaluateMargins(...args)).map(sigmoid),
    close: () => session.release(),
  };
}
