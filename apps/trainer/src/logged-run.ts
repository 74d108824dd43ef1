import { join } from 'node:path';

import type { Checkpoint } from './checkpoint.js';
import type { Stopped } from './ended-by-error.js';
import { TRAIN_LOG_FILE } from './output-folder.js';
import type { RunRecorder } from './tracking/record-run.js';
import { openTrainLog } from './train-log.js';
import { reportEffort, type TrainingEffort } from './training-effort.js';
import { evaluationIsDue, type FinishedRun, runSteps, type TrainingRun } from './training-run.js';
import type { TrainingState } from './training-state.js';

/** A training before it is known where it begins. */
export interface PlannedRun extends Omit<TrainingRun, 'initial' | 'evaluations' | 'resumedFrom' | 'log'> {
  /** The state of a training that begins at the start. */
  readonly begin: () => TrainingState;
}

export interface CompleteRun extends Omit<FinishedRun, 'stoppedAt'> {
  readonly effort: TrainingEffort;
}

/**
 * Takes the steps of a training from a checkpoint, or from the start, and logs them; what they took is summed up once the last one is done. Throws what
 * `runSteps` throws.
 */
export async function runLogged(
  run: PlannedRun,
  checkpoint: Checkpoint | undefined,
  recorder: RunRecorder,
): Promise<CompleteRun | Stopped> {
  const initial = checkpoint?.state ?? run.begin();
  const evaluations = checkpoint?.run.evaluations ?? [];
  const logPath = join(run.options.outputDir, TRAIN_LOG_FILE);
  const position = {
    step: initial.step,
    evaluationIsDue: run.evaluate !== undefined && evaluationIsDue(run, initial.step, evaluations),
  };
  const log = await openTrainLog(logPath, position, recorder);
  try {
    const resumedFrom = checkpoint && { step: initial.step, path: checkpoint.path };
    const { stoppedAt, ...finished } = await runSteps({ ...run, initial, evaluations, resumedFrom, log });
    if (stoppedAt !== undefined) return { stoppedAt };
    return { ...finished, effort: await reportEffort(logPath, finished.state.step, log, run.progress) };
  } finally {
    log.close();
  }
}
