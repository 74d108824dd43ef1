import { type DistilOptions, toTrainOptions } from './distil-options.js';
import { prepareLesson } from './lesson.js';
import { runTraining, type TrainResult } from './train.js';
import { requireApart } from './output-folder.js';
import type { TrainingWatch } from './training-observer.js';

/**
 * Trains a student as `runTraining` does, on labels and on what one or several teachers answer, to reviews without labels, too. Throws `INTERRUPTED` when stopped
 * while teachers are asked: the same command goes on from what they have answered.
 */
export async function runDistillation(options: DistilOptions, watch: TrainingWatch): Promise<TrainResult> {
  requireApart(options.outputDir, options.teacher);
  return runTraining(toTrainOptions(options), watch, (train, tokenization) =>
    prepareLesson(train, options, tokenization, watch),
  );
}
