import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';

import { isCheckpointTrace, listCheckpoints } from '../checkpoint.js';
import { type Evaluation, metricOf, selectModel } from '../model-selection.js';
import { flagOf } from '../option-spec.js';
import type { RunWatch } from '../tracking/record-run.js';
import { runWithoutArtifact } from '../train.js';
import { selectionRule, type TrainOptions } from '../train-options.js';
import { TrainerError } from '../trainer-error.js';
import type { FoldResult, Trial, TrialLedger } from './trial-ledger.js';

/** A training of a search. Rungs and folds count from 0. */
export interface TrialPlace {
  readonly trial: Trial;
  readonly rung: number;
  readonly fold: number;
}

export type TrialOutcome = { readonly result: FoldResult } | { readonly failure: string } | { readonly stopped: true };

/**
 * Runs one training of a search, or goes on with it where a process was ended inside it. Its folder keeps `run.json` and the log, no checkpoint and no model. A
 * loss that is not finite is the trial's failure, any other error the search's.
 */
export async function runTrial(
  base: TrainOptions,
  ledger: TrialLedger,
  { trial, rung, fold }: TrialPlace,
  watch: RunWatch,
): Promise<TrialOutcome> {
  const { progress } = watch;
  const part = ledger.parts[fold]!; // a place of the ledger
  const rows = ledger.rungs[rung]!.rows;
  const outputDir = join(base.outputDir, 'trials', `${trial.id}-rung-${rung + 1}-fold-${fold + 1}`);
  const name = `trial ${trial.id}, rung ${rung + 1} of ${ledger.rungs.length}, fold ${fold + 1} of ${ledger.parts.length}`;
  progress.say(`${name}: ${rows} reviews, ${describeTrial(trial)}`);
  const options = {
    ...base,
    ...trial.options,
    ...(await whereAndHow(outputDir)),
    ...part,
    dataFile: undefined,
    maxTrainSamples: rows,
  };
  const start = performance.now();
  try {
    const ended = await runWithoutArtifact(options, { ...watch, progress: { ...progress, say: () => undefined } });
    if ('stoppedAt' in ended) return { stopped: true };
    const score = scoreOf(ended.evaluations, options);
    progress.say(`${name}: ${ledger.metric} ${score.toFixed(4)}`);
    await removeCheckpoints(outputDir);
    return { result: { fold, score, seconds: Math.round((performance.now() - start) / 1000) } };
  } catch (error) {
    if (!(error instanceof TrainerError)) throw error;
    if (error.code === 'INTERRUPTED') return { stopped: true };
    if (error.code !== 'NON_FINITE_LOSS') throw error;
    progress.say(`${name}: given up; ${error.message}`);
    await removeCheckpoints(outputDir);
    return { failure: error.message };
  }
}

/** What a trial tries, as flags. */
const describeTrial = ({ options }: Trial): string =>
  Object.entries(options)
    .map(([name, value]) => `${flagOf(name)} ${String(value)}`)
    .join(' ') || 'the options as given';

async function whereAndHow(outputDir: string) {
  const goesOn = (await listCheckpoints(outputDir)).length > 0;
  return {
    outputDir,
    resumeFromCheckpoint: goesOn ? (true as const) : undefined,
    overwriteOutputDir: !goesOn,
    saveTotalLimit: 1,
    splitFile: undefined,
    groupColumn: undefined,
    dropDuplicates: false,
  };
}

/** Of the model that the training would have ended with: the best one, or the last. */
function scoreOf(evaluations: readonly Evaluation[], options: TrainOptions): number {
  const { best } = selectModel(evaluations, selectionRule(options));
  const taken = options.loadBestModelAtEnd ? best : evaluations.at(-1);
  if (!taken) throw new RangeError('bug: a trial was not evaluated');
  return metricOf(taken, options.metricForBestModel);
}

async function removeCheckpoints(dir: string): Promise<void> {
  const names = (await readdir(dir)).filter(isCheckpointTrace);
  for (const name of names) await rm(join(dir, name), { recursive: true, force: true });
}
