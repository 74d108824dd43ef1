import { createHash } from 'node:crypto';

import type { CheckpointOptions } from './checkpoint.js';
import type { Lesson } from './lesson.js';
import type { TrainingData } from './prepare-data.js';
import type { StartingModel } from './starting-model.js';

/** Digest of everything that decides the trained numbers, so that a resume under other options or data is refused. */
export function fingerprintOf(
  decisiveOptions: CheckpointOptions,
  model: Pick<StartingModel, 'weightsDigest'>,
  { train, validation }: TrainingData,
  lesson: Pick<Lesson, 'teachers' | 'unlabeled'> | undefined,
): string {
  // The validation reviews decide when training ends and which model is taken.
  const data = [train.source, validation?.source ?? null];
  const taught = lesson ? [lesson.teachers, lesson.unlabeled] : [];
  const parts = [decisiveOptions, model.weightsDigest, ...data, ...taught];
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex');
}
