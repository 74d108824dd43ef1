import { createHash } from 'node:crypto';

import type { TrainingData } from './prepare-data.js';
import type { StartingModel } from './starting-model.js';
import { decisiveOptions, type TrainOptions } from './train-options.js';

/** Digest of everything that decides the trained numbers, so that a resume under other options or data is refused. */
export function fingerprintOf(
  options: TrainOptions,
  model: Pick<StartingModel, 'weightsDigest'>,
  { train, validation }: TrainingData,
): string {
  // The validation reviews decide when training ends and which model is taken.
  const parts = [decisiveOptions(options), model.weightsDigest, train.source, validation?.source ?? null];
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex');
}
