import { planBatches } from '@marquee/dataset';

import type { EncodedReviews } from './training-data.js';

export interface BatchPlanOptions {
  readonly batchSize: number;
  readonly accumulationSteps: number;
  /** Passes over the reviews, where `maxTokens` does not say how much. */
  readonly numEpochs: number;
  readonly maxTokens?: number | undefined;
  readonly seed: number;
}

/** One optimizer step: the rows of each of its micro-batches. */
export interface PlannedStep {
  readonly epoch: number;
  readonly isLastOfEpoch: boolean;
  readonly microBatches: readonly Uint32Array[];
}

/** The order of training: a function of the data's lengths and the options alone, so that any step can be found again. */
export interface BatchPlan {
  readonly stepsPerEpoch: number;
  readonly totalSteps: number;
  /** Step by its number, counted from 0. */
  at(step: number): PlannedStep;
}

export function planTraining(reviews: EncodedReviews, options: BatchPlanOptions): BatchPlan {
  const { batchSize, accumulationSteps, numEpochs, maxTokens, seed } = options;
  const microBatchesPerEpoch = Math.ceil(reviews.lengths.length / batchSize);
  const stepsPerEpoch = Math.ceil(microBatchesPerEpoch / accumulationSteps);
  let planned: { epoch: number; batches: readonly Uint32Array[] } | undefined;
  const epochBatches = (epoch: number): readonly Uint32Array[] => {
    if (planned?.epoch !== epoch) {
      const batches = planBatches(reviews.lengths, { batchSize, seed, epoch }).map(({ rows }) => rows);
      planned = { epoch, batches };
    }
    return planned.batches;
  };
  const at = (step: number): PlannedStep => {
    const epoch = Math.floor(step / stepsPerEpoch);
    const inEpoch = step % stepsPerEpoch;
    const from = inEpoch * accumulationSteps;
    return {
      epoch,
      isLastOfEpoch: inEpoch === stepsPerEpoch - 1,
      microBatches: epochBatches(epoch).slice(from, from + accumulationSteps),
    };
  };
  const tokensOf = (rows: Iterable<number>): number =>
    Array.from(rows).reduce((sum, row) => sum + (reviews.lengths[row] ?? 0), 0);
  /** The fewest steps that see so many tokens, padding not counted. */
  const stepsFor = (tokens: number): number => {
    const tokensPerEpoch = tokensOf(reviews.lengths.keys());
    const epochs = Math.floor(tokens / tokensPerEpoch);
    let step = epochs * stepsPerEpoch;
    for (let seen = epochs * tokensPerEpoch; seen < tokens; step += 1)
      seen += at(step).microBatches.reduce((sum, rows) => sum + tokensOf(rows), 0);
    return step;
  };
  const totalSteps = maxTokens === undefined ? Math.ceil(stepsPerEpoch * numEpochs) : stepsFor(maxTokens);
  return { stepsPerEpoch, totalSteps, at };
}
