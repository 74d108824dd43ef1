import type { Review } from '@marquee/dataset';
import type { Classifier } from '@marquee/model-core';

import type { Progress } from './progress.js';

/** Probability of the positive class for each review, as the classifier answers it: one review a run. */
export async function scoreReviews(classifier: Classifier, reviews: readonly Review[], progress: Progress): Promise<Float64Array> {
  const probabilities = new Float64Array(reviews.length);
  const start = performance.now();
  for (const [row, { text }] of reviews.entries()) {
    const [prediction] = await classifier.predict([text]);
    probabilities[row] = prediction?.probabilities.positive ?? NaN;
    const secondsPerReview = (performance.now() - start) / 1000 / (row + 1);
    progress.count({ done: row + 1, total: reviews.length, unit: 'reviews', secondsLeft: secondsPerReview * (reviews.length - row - 1) });
  }
  progress.done();
  return probabilities;
}
