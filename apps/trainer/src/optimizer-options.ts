import type { OptimizerOptions } from '@marquee/distilbert';

import type { TrainOptions } from './train-options.js';

/** The options that every kind of training has for its updates. */
export type UpdateOptions = Pick<
  TrainOptions,
  | 'learningRate'
  | 'lrSchedulerType'
  | 'warmupRatio'
  | 'weightDecay'
  | 'adamBeta1'
  | 'adamBeta2'
  | 'adamEpsilon'
  | 'maxGradNorm'
>;

/** AdamW and its schedule for a training of so many steps. */
export function optimizerOptions(options: UpdateOptions, totalSteps: number): OptimizerOptions {
  const warmupSteps = Math.ceil(totalSteps * options.warmupRatio);
  return {
    learningRate: options.learningRate,
    schedule: { kind: options.lrSchedulerType, warmupSteps, totalSteps },
    weightDecay: options.weightDecay,
    beta1: options.adamBeta1,
    beta2: options.adamBeta2,
    epsilon: options.adamEpsilon,
    maxGradNorm: options.maxGradNorm,
  };
}
