import { basename, dirname } from 'node:path';

import {
  type Checkpoint,
  type CheckpointOptions,
  isCheckpointName,
  latestCheckpoint,
  loadCheckpoint,
} from './checkpoint.js';
import { flagOf } from './option-spec.js';
import type { Progress } from './progress.js';
import type { TrainOptions } from './train-options.js';
import { TrainerError } from './trainer-error.js';

/** What a checkpoint must agree with before a run goes on from it. */
export interface RunIdentity {
  readonly fingerprint: string;
  readonly options: CheckpointOptions;
  readonly totalSteps: number;
}

/**
 * The checkpoint folder that is meant, or undefined for a training from the start. A folder that holds checkpoints stands for its newest.
 * Throws `INVALID_CHECKPOINT` where there is none.
 */
export async function findCheckpoint({
  resumeFromCheckpoint,
  outputDir,
}: Pick<TrainOptions, 'resumeFromCheckpoint' | 'outputDir'>): Promise<string | undefined> {
  if (resumeFromCheckpoint === undefined) return undefined;
  const named = resumeFromCheckpoint === true ? outputDir : resumeFromCheckpoint;
  const path = isCheckpointName(basename(named)) ? named : await latestCheckpoint(named);
  if (path !== undefined) return path;
  throw new TrainerError('INVALID_CHECKPOINT', `${named}: expected a checkpoint to go on from, found none`);
}

/** The folder whose run a checkpoint path belongs to: where a resumed run goes on when its user names no other. */
export const runFolderOf = (resumeFromCheckpoint: string): string =>
  isCheckpointName(basename(resumeFromCheckpoint)) ? dirname(resumeFromCheckpoint) : resumeFromCheckpoint;

/**
 * Loads the checkpoint that a run goes on from, where there is one, and says so. Throws `INVALID_CHECKPOINT`, naming the options that differ, when it is
 * another run's.
 */
export async function loadResumePoint(
  path: string | undefined,
  run: RunIdentity,
  progress: Progress,
): Promise<Checkpoint | undefined> {
  if (path === undefined) return undefined;
  const checkpoint = await loadCheckpoint(path);
  if (checkpoint.run.fingerprint !== run.fingerprint) {
    const differences = describeDifferences(checkpoint.run.options, run.options);
    const expectation = 'expected the options, data and starting model that this checkpoint was made with';
    throw new TrainerError('INVALID_CHECKPOINT', `${path}: ${expectation}${differences}`);
  }
  const { step } = checkpoint.run;
  if (step > run.totalSteps) {
    throw new TrainerError('INVALID_CHECKPOINT', `${path}: expected at most ${run.totalSteps} steps, got ${step}`);
  }
  progress.say(`going on from ${path}, after step ${step} of ${run.totalSteps}`);
  return checkpoint;
}

function describeDifferences(saved: CheckpointOptions, current: CheckpointOptions): string {
  const names = Object.keys(current).filter((name) => JSON.stringify(saved[name]) !== JSON.stringify(current[name]));
  if (names.length === 0)
    return '; the options are the same, a data file or the starting model is another, or an earlier version divided the data differently';
  const shown = (value: CheckpointOptions[string] | undefined): string =>
    value === null || value === undefined ? 'not given' : String(value);
  return names.map((name) => `; ${flagOf(name)} was ${shown(saved[name])}, is ${shown(current[name])}`).join('');
}
