import { dirname, join } from 'node:path';

import {
  type Checkpoint,
  checkpointName,
  type CheckpointOptions,
  loadCheckpoint,
  saveCheckpoint,
} from './checkpoint.js';
import { bestStep, type Evaluation, type SelectionRule } from './model-selection.js';
import type { TrainOptions } from './train-options.js';
import type { TrainingState } from './training-state.js';

export interface CheckpointSaver {
  /** Writes the checkpoint of a state, unless its step's was the last one written. Returns its path. */
  save(state: TrainingState): Promise<string>;
}

/** A run as far as its checkpoints go. */
export interface SavedRun {
  readonly options: Pick<TrainOptions, 'outputDir' | 'saveSteps' | 'saveTotalLimit'>;
  /** The options that decide the trained numbers. */
  readonly decisiveOptions: CheckpointOptions;
  readonly fingerprint: string;
  /** By which a best model is told from the others; absent where the last one is what is wanted. */
  readonly selection?: SelectionRule;
  /** The checkpoint that the run started from, where it started from one. */
  readonly resumedFrom: { readonly step: number; readonly path: string } | undefined;
}

/** Saves with the evaluations as they are at the time, and keeps the best model's checkpoint beside the newest. */
export function createCheckpointSaver(run: SavedRun, evaluations: readonly Evaluation[]): CheckpointSaver {
  const { options, fingerprint, resumedFrom, selection } = run;
  let last = resumedFrom;
  return {
    async save(state) {
      if (last?.step === state.step) return last.path;
      const summary = { step: state.step, fingerprint, options: run.decisiveOptions, evaluations };
      const retention = { limit: options.saveTotalLimit, best: bestStep(evaluations, selection) };
      const path = await saveCheckpoint(options.outputDir, state, summary, retention);
      last = { step: state.step, path };
      return path;
    },
  };
}

/**
 * Makes sure that the best model of a run that goes on from `checkpoint` stands in the run's output folder: it is the checkpoint's neighbor there, or is copied
 * from where the checkpoint lies. Throws `INVALID_CHECKPOINT` where it is gone, before the first step rather than after the last.
 */
export async function bringBestCheckpoint(
  outputDir: string,
  checkpoint: Checkpoint,
  selection: SelectionRule,
): Promise<void> {
  const best = bestStep(checkpoint.run.evaluations, selection);
  if (best === undefined || best === checkpoint.run.step) return;
  const from = dirname(checkpoint.path);
  const { state, run } = await loadCheckpoint(join(from, checkpointName(best)));
  if (from !== outputDir) await saveCheckpoint(outputDir, state, run, { limit: Infinity });
}
