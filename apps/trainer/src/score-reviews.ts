import type { Review } from '@marquee/dataset';
import type { Classifier } from '@marquee/model-core';

import { type EvaluationWatch, watchReviews } from './evaluation-watch.js';

/** Probability of the positive class for each review, as the classifier answers it: one review a run. Throws `INTERRUPTED`. */
export async function scoreReviews(
  classifier: Classifier,
  reviews: readonly Review[],
  watch: EvaluationWatch,
): Promise<Float64Array> {
  const probabilities = new Float64Array(reviews.length);
  const count = watchReviews(watch, reviews.length);
  for (const [row, { text }] of reviews.entries()) {
    const [prediction] = await classifier.predict([text]);
    probabilities[row] = prediction?.probabilities.positive ?? NaN;
    count(row + 1);
  }
  return probabilities;
}
