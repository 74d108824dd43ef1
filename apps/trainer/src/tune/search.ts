import { readdir } from 'node:fs/promises';
import { join } from 'node:path';

import { fileDigest } from '@marquee/dataset';

import { requireWritableFolder } from '../durable-write.js';
import { SELECTION_METRICS } from '../model-selection.js';
import { plainOptions } from '../tracking/describe-training.js';
import { recordRun, type RunRecorder, type RunWatch } from '../tracking/record-run.js';
import type { RunStart } from '../tracking/run-record.js';
import { decisiveOptions, type TrainOptions } from '../train-options.js';
import { TrainerError } from '../trainer-error.js';
import { runTrial, type TrialPlace } from './run-trial.js';
import { drawTrial, readSearchSpace, type SearchSpace } from './search-space.js';
import { planRungs, rankTrials, type ScoredTrial } from './successive-halving.js';
import {
  lastCompleted,
  readLedger,
  type Trial,
  type TrialLedger,
  withFailure,
  withResult,
  writeLedger,
  TRIALS_FILE,
} from './trial-ledger.js';
import { TRIALS_PICTURE, writeTrialsPicture } from './trials-picture.js';
import type { TuneOptions } from './tune-options.js';
import { writeTuningParts } from './tuning-parts.js';
import { WINNER_FILE, writeWinner } from './winner.js';

/** How a search ended: `stopped` on request, `out-of-time` by its budget. */
export interface SearchResult {
  readonly ledger: TrialLedger;
  readonly ended: 'complete' | 'out-of-time' | 'stopped';
}

/**
 * Searches training options by random draws and successive halving, each trial a real training, and writes `trials.json` after every one and the winner's
 * options at the end. `given` are the options that the user named, which go into the winner's file.
 */
export async function runSearch(
  options: TuneOptions,
  given: Readonly<Record<string, unknown>>,
  cwd: string,
  watch: RunWatch,
): Promise<SearchResult> {
  const space = await readSearchSpace(options.searchSpace, cwd);
  const data = await digestData(options);
  const identity = identityOf(options, space, data);
  const ledger = options.resume
    ? await readLedger(options.outputDir, identity)
    : await beginSearch(options, space, identity);
  const { mirror, progress } = watch;
  if (options.resume) progress.say(`going on with the search in ${options.outputDir}`);
  return recordRun({
    dir: options.outputDir,
    start: { command: 'tune', options: plainOptions(options), data },
    resumes: options.resume,
    files: [TRIALS_FILE, WINNER_FILE, TRIALS_PICTURE],
    ...(mirror && { mirror }),
    run: async (recorder) => {
      const result = await search(options, ledger, watch, recorder);
      await writeWinner(options.outputDir, result.ledger, given);
      await writeTrialsPicture(options.outputDir, result.ledger);
      return result;
    },
    endOf: ({ ledger: { trials, winner, metric }, ended }) => {
      const trial = trials.find(({ id }) => id === winner);
      const best = trial && lastCompleted(trial)?.score;
      return {
        status: ended === 'stopped' ? 'stopped' : 'finished',
        metrics: best === undefined ? {} : { [`best.${metric}`]: best },
      };
    },
  });
}

async function digestData({ dataFile, trainFile, validationFile }: TuneOptions): Promise<RunStart['data']> {
  const files = Object.entries({ data: dataFile, train: trainFile, validation: validationFile });
  const digests = files.map(async ([name, file]) =>
    file === undefined ? [] : [[name, { sha256: await fileDigest(file) }] as const],
  );
  return Object.fromEntries((await Promise.all(digests)).flat());
}

/** Everything that the scores depend on: no time budget, no folder, no number of threads. */
function identityOf(options: TuneOptions, space: SearchSpace, data: RunStart['data']): TrialLedger['identity'] {
  const {
    numTrials,
    reductionFactor,
    folds,
    modelNameOrPath,
    maxEvalSamples,
    modelRevision,
    groupColumn,
    dropDuplicates,
  } = options;
  return {
    ...decisiveOptions(toTrainOptions(options)),
    ...{ numTrials, reductionFactor, folds, modelNameOrPath, modelRevision, dropDuplicates },
    maxEvalSamples: maxEvalSamples ?? null,
    groupColumn: groupColumn ?? null,
    searchSpace: JSON.stringify(space),
    ...Object.fromEntries(Object.entries(data).map(([name, { sha256 }]) => [`${name} SHA-256`, sha256])),
  };
}

const toTrainOptions = (options: TuneOptions): TrainOptions => ({
  ...options,
  testFile: undefined,
  overwriteOutputDir: false,
  resumeFromCheckpoint: undefined,
});

async function beginSearch(
  options: TuneOptions,
  searchSpace: SearchSpace,
  identity: TrialLedger['identity'],
): Promise<TrialLedger> {
  const { outputDir, numTrials, reductionFactor, metricForBestModel: metric } = options;
  const present = await readdir(outputDir).catch(() => []);
  if (present.length > 0) {
    const expectation = `expected an empty folder, it holds ${present.length} ${present.length === 1 ? 'entry' : 'entries'}`;
    throw new TrainerError('OUTPUT_NOT_EMPTY', `${outputDir}: ${expectation}; --resume goes on with the search in it`);
  }
  await requireWritableFolder(outputDir);
  const parts = await writeTuningParts(options, join(outputDir, 'parts'));
  const rungs = planRungs(numTrials, reductionFactor, Math.min(...parts.map(({ trainRows }) => trainRows)));
  const trials = Array.from({ length: numTrials }, (_, id): Trial => ({
    id,
    options: drawTrial(searchSpace, options.seed, id),
    rungs: [],
  }));
  const ledger: TrialLedger = {
    formatVersion: 1,
    identity,
    searchSpace,
    metric,
    rungs,
    parts,
    seconds: 0,
    trials,
    winner: null,
  };
  await writeLedger(outputDir, ledger);
  return ledger;
}

async function search(
  options: TuneOptions,
  initial: TrialLedger,
  watch: RunWatch,
  recorder: RunRecorder,
): Promise<SearchResult> {
  const start = performance.now();
  let ledger = initial;
  const seconds = (): number => initial.seconds + (performance.now() - start) / 1000;
  const isOutOfTime = (): boolean => options.maxMinutes !== undefined && seconds() >= 60 * options.maxMinutes;
  // Trials are shown in their own folders alone.
  const { mirror: _, ...shared } = watch;
  const trialWatch = { ...shared, stopRequested: () => watch.stopRequested() || isOutOfTime() };
  const save = async (changed: TrialLedger): Promise<void> => {
    ledger = { ...changed, seconds: Math.round(seconds()), winner: bestOf(changed) };
    await writeLedger(options.outputDir, ledger);
  };
  const endEarly = async (): Promise<SearchResult> => {
    await save(ledger);
    return { ledger, ended: watch.stopRequested() ? 'stopped' : 'out-of-time' };
  };
  for (let place = nextTraining(ledger); place; place = nextTraining(ledger)) {
    if (trialWatch.stopRequested()) return endEarly();
    const outcome = await runTrial(toTrainOptions(options), ledger, place, trialWatch);
    if ('stopped' in outcome) return endEarly();
    if ('failure' in outcome) await save(withFailure(ledger, place.trial.id, outcome.failure));
    else {
      await save(withResult(ledger, place.trial.id, place.rung, outcome.result));
      const finished = ledger.trials.flatMap(({ rungs }) => rungs.flatMap(({ folds }) => folds)).length;
      recorder.log({
        step: finished,
        trial: place.trial.id,
        rung: place.rung,
        fold: outcome.result.fold,
        score: outcome.result.score,
      });
    }
  }
  return { ledger, ended: 'complete' };
}

/** The first training that is still to come: rung by rung, in each the most promising trials first, of each one fold after the other. */
function nextTraining(ledger: TrialLedger): TrialPlace | undefined {
  for (const [rung] of ledger.rungs.entries()) {
    for (const trial of contenders(ledger, rung)) {
      const done = trial.rungs.find((entry) => entry.rung === rung)?.folds.length ?? 0;
      if (trial.failure === undefined && done < ledger.parts.length) return { trial, rung, fold: done };
    }
  }
  return undefined;
}

/** The trials of a rung: all in the first, of the one before the best in the others. */
function contenders(ledger: TrialLedger, rung: number): Trial[] {
  if (rung === 0) return [...ledger.trials];
  const { trials: count } = ledger.rungs[rung]!; // a rung of the ledger
  return scoredIn(ledger, rung - 1)
    .slice(0, count)
    .map(({ id }) => ledger.trials[id]!); // ids are indexes
}

function scoredIn({ trials, metric }: TrialLedger, rung: number): ScoredTrial[] {
  const scored = trials.flatMap(({ id, rungs, failure }) => {
    const score = rungs.find((entry) => entry.rung === rung)?.score;
    return score === undefined || failure !== undefined ? [] : [{ id, score }];
  });
  return rankTrials(scored, SELECTION_METRICS[metric]);
}

/** The best of the highest rung that any trial has completed: scores on fewer reviews do not compare. */
function bestOf(ledger: TrialLedger): number | null {
  for (let rung = ledger.rungs.length - 1; rung >= 0; rung -= 1) {
    const [best] = scoredIn(ledger, rung);
    if (best) return best.id;
  }
  return null;
}
