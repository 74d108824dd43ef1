import type { Classifier, Stage } from '@marquee/model-core';

import { type EvaluationWatch, watchReviews } from './evaluation-watch.js';

/** A classifier's answers, a number a review in each array. */
export interface ScoredReviews {
  /** Of the positive class. */
  readonly probabilities: Float64Array;
  /** Log-odds of the positive class. */
  readonly logits: Float64Array;
  /** Of the whole review, before any cut. */
  readonly tokenCounts: Uint32Array;
  /** 1 where a part of the review was left unread. */
  readonly truncated: Uint8Array;
  /** Which stage of a cascade answered; empty for other kinds. */
  readonly stages: readonly Stage[];
}

/** What the classifier answers to each review, one review a run, as it is served. Throws `INTERRUPTED`. */
export async function scoreReviews(
  classifier: Classifier,
  reviews: readonly { readonly text: string }[],
  watch: EvaluationWatch,
): Promise<ScoredReviews> {
  const stages: Stage[] = [];
  const scored = {
    probabilities: new Float64Array(reviews.length).fill(NaN),
    logits: new Float64Array(reviews.length).fill(NaN),
    tokenCounts: new Uint32Array(reviews.length),
    truncated: new Uint8Array(reviews.length),
    stages,
  };
  const count = watchReviews(watch, reviews.length);
  for (const [row, { text }] of reviews.entries()) {
    for (const { probabilities, tokenCount, truncated, stage } of await classifier.predict([text])) {
      scored.probabilities[row] = probabilities.positive;
      scored.logits[row] = Math.log(probabilities.positive) - Math.log(probabilities.negative);
      scored.tokenCounts[row] = tokenCount;
      scored.truncated[row] = Number(truncated);
      if (stage) stages.push(stage);
    }
    count(row + 1);
  }
  return scored;
}
