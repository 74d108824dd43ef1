import type { PretrainOptions } from './pretrain-options.js';

/** How many sequences of how many tokens are learned from, in which steps: a function of sizes and options alone. */
export interface PretrainingPlan {
  readonly stepsPerEpoch: number;
  readonly totalSteps: number;
  /** Pass over the text, from 0, of a step by its number from 0. */
  epochOf(step: number): number;
  /** Sequences of the epoch's packing that a step learns from. */
  rowsOf(step: number): number[];
}

type PlanOptions = Pick<
  PretrainOptions,
  'maxSeqLength' | 'perDeviceTrainBatchSize' | 'numTrainEpochs' | 'maxTrainTokens'
>;

export function planPretraining(sequences: number, options: PlanOptions): PretrainingPlan {
  const { maxSeqLength, perDeviceTrainBatchSize: batchSize, numTrainEpochs, maxTrainTokens } = options;
  const stepsPerEpoch = Math.ceil(sequences / batchSize);
  const epochOf = (step: number): number => Math.floor(step / stepsPerEpoch);
  const rowsOf = (step: number): number[] => {
    const first = (step % stepsPerEpoch) * batchSize;
    return Array.from({ length: Math.min(batchSize, sequences - first) }, (_, i) => first + i);
  };
  /** The fewest steps that see so many tokens: the last batch of an epoch may be smaller. */
  const stepsFor = (tokens: number): number => {
    const wanted = Math.ceil(tokens / maxSeqLength);
    const epochs = Math.floor(wanted / sequences);
    return epochs * stepsPerEpoch + Math.ceil((wanted % sequences) / batchSize);
  };
  const totalSteps = maxTrainTokens === undefined ? numTrainEpochs * stepsPerEpoch : stepsFor(maxTrainTokens);
  return { stepsPerEpoch, totalSteps, epochOf, rowsOf };
}
