import type { Progress } from './progress.js';
import { TrainerError } from './trainer-error.js';

/** What a long evaluation answers to. */
export interface EvaluationWatch {
  readonly progress: Progress;
  /** Asked between runs of the model: true ends the evaluation. */
  readonly stopRequested: () => boolean;
}

/** Counts evaluated reviews. The function throws `INTERRUPTED` once a stop is requested. */
export function watchReviews({ progress, stopRequested }: EvaluationWatch, total: number): (done: number) => void {
  const start = performance.now();
  return (done) => {
    if (stopRequested())
      throw new TrainerError('INTERRUPTED', `stopped after ${done} of ${total} reviews of an evaluation`);
    const secondsPerReview = (performance.now() - start) / 1000 / done;
    progress.count({ done, total, unit: 'reviews evaluated', secondsLeft: secondsPerReview * (total - done) });
    if (done === total) progress.done();
  };
}
