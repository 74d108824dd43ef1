import { createHash } from 'node:crypto';

import type { DataPart } from './prepare-data.js';
import type { StartingModel } from './starting-model.js';
import { decisiveOptions, type TrainOptions } from './train-options.js';

/** Digest of everything that decides the trained numbers, so that a resume under other options or data is refused. */
export function fingerprintOf(
  options: TrainOptions,
  model: Pick<StartingModel, 'weightsDigest'>,
  train: Pick<DataPart, 'source'>,
): string {
  const parts = [decisiveOptions(options), model.weightsDigest, train.source, train.source.rows];
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex');
}
