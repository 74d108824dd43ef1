import { dropoutSpecs } from '@marquee/distilbert';
import { Tensor } from '@marquee/model-core';

import { createDropoutMasks } from './dropout-masks.js';
import { halfPrecisionOf, lossScalingOf } from './execution.js';
import { createOptimizer, type Optimizer } from './optimizer-loop.js';
import { optimizerOptions } from './optimizer-options.js';
import { sessionOptions } from './session-options.js';
import type { Training } from './prepare-training.js';
import { batchSize, batchTensors } from './training-data.js';
import { describePositions } from './training-examples.js';
import type { StepData } from './training-run.js';
import type { TrainingState } from './training-state.js';

/** Slices are for the caches of a CPU. */
const WHOLE_BATCH = 2 ** 31;

/** The classifier's optimizer, on batches that may hold padding. */
export const openClassifierOptimizer = (
  { options, config, plan, classWeights, lesson, execution }: Training,
  initial: TrainingState,
): Promise<Optimizer> =>
  createOptimizer(config, initial, {
    loss: {
      labelSmoothing: options.labelSmoothingFactor,
      classWeights,
      distillation: lesson?.distillation,
      padded: true,
      halfPrecision: halfPrecisionOf(execution),
      tokensPerSlice: execution.device === 'cuda' ? WHOLE_BATCH : undefined,
    },
    optimizer: {
      ...optimizerOptions(options, plan.totalSteps),
      lossScaling: lossScalingOf(execution),
      layerwiseDecay: options.layerwiseLrDecay,
      emaDecay: options.emaDecay > 0 ? options.emaDecay : undefined,
    },
    accumulationSteps: options.gradientAccumulationSteps,
    stepsPerRun: execution.stepsPerRun,
    session: { ...sessionOptions(options), device: execution.device },
  });

/** The batches of reviews that the plan has for a step, with dropout masks that depend on seed and step alone. */
export function reviewSteps({ options, config, examples, plan }: Training): (step: number) => StepData {
  const masks = createDropoutMasks(dropoutSpecs(config));
  const { encoded, positionOf, teacherMargins } = examples;
  return (step) => {
    const { microBatches } = plan.at(step);
    const rows = microBatches.flatMap((batch) => Array.from(batch));
    const [whole, ...others] = microBatches;
    return {
      ...(whole && others.length === 0 ? { size: batchSize(encoded, whole) } : {}),
      tokens: rows.reduce((sum, row) => sum + (encoded.lengths[row] ?? 0), 0),
      place: () => describePositions(rows.map(positionOf)),
      microBatches: microBatches.map((batch, index) => () => {
        const { size, inputs, labels } = batchTensors(encoded, batch, config.pad_token_id);
        const microStep = step * options.gradientAccumulationSteps + index;
        const teachers = teacherMargins ? { teacher_logits: teacherLogits(teacherMargins, batch) } : {};
        return { ...inputs, labels, ...teachers, ...masks.next(size, { seed: options.seed, microStep }) };
      }),
    };
  };
}

/** Two logits with the teachers' margin between them, which is all that softmax sees: [rows, 2]. */
function teacherLogits(margins: Float32Array, rows: Uint32Array): Tensor {
  const logits = Array.from(rows).flatMap((row) => [-(margins[row] ?? NaN) / 2, (margins[row] ?? NaN) / 2]);
  return new Tensor('float32', Float32Array.from(logits), [rows.length, 2]);
}
