import { dropoutSpecs } from '@marquee/distilbert';

import { createDropoutMasks } from './dropout-masks.js';
import { createOptimizer, type Optimizer } from './optimizer-loop.js';
import { optimizerOptions, sessionOptions } from './optimizer-options.js';
import type { Training } from './prepare-training.js';
import { batchTensors } from './training-data.js';
import type { StepData } from './training-run.js';
import type { TrainingState } from './training-state.js';

/** The classifier's optimizer, on batches that may hold padding. */
export const openClassifierOptimizer = (
  { options, config, plan, classWeights }: Training,
  initial: TrainingState,
): Promise<Optimizer> =>
  createOptimizer(config, initial, {
    loss: { labelSmoothing: options.labelSmoothingFactor, classWeights, padded: true },
    optimizer: {
      ...optimizerOptions(options, plan.totalSteps),
      layerwiseDecay: options.layerwiseLrDecay,
      emaDecay: options.emaDecay > 0 ? options.emaDecay : undefined,
    },
    accumulationSteps: options.gradientAccumulationSteps,
    session: sessionOptions(options),
  });

/** The batches of labeled reviews that the plan has for a step, with dropout masks that depend on seed and step alone. */
export function reviewSteps({ options, config, data, plan }: Training): (step: number) => StepData {
  const masks = createDropoutMasks(dropoutSpecs(config));
  const { encoded, reviews } = data.train;
  return (step) => {
    const { microBatches } = plan.at(step);
    const rows = microBatches.flatMap((batch) => Array.from(batch));
    return {
      tokens: rows.reduce((sum, row) => sum + (encoded.lengths[row] ?? 0), 0),
      place: () => {
        const lines = rows.map((row) => reviews[row]?.line ?? 0).sort((a, b) => a - b);
        return `the reviews of ${options.dataFile ?? options.trainFile ?? ''} that start in lines ${lines.join(', ')}`;
      },
      microBatches: microBatches.map((batch, index) => () => {
        const { size, inputs, labels } = batchTensors(encoded, batch, config.pad_token_id);
        const microStep = step * options.gradientAccumulationSteps + index;
        return { ...inputs, labels, ...masks.next(size, { seed: options.seed, microStep }) };
      }),
    };
  };
}
