import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { writeDurably } from '../durable-write.js';
import type { SelectionMetric } from '../model-selection.js';
import type { OptionValue } from '../option-spec.js';
import { TrainerError } from '../trainer-error.js';
import type { SearchSpace, TrialOptions } from './search-space.js';
import type { Rung } from './successive-halving.js';
import type { TuningPart } from './tuning-parts.js';

export const TRIALS_FILE = 'trials.json';

/** One training: of a trial, in a rung, on a fold. */
export interface FoldResult {
  readonly fold: number;
  /** Best value of the metric on the held-out reviews. */
  readonly score: number;
  readonly seconds: number;
}

export interface RungResult {
  readonly rung: number;
  /** Training reviews of each fold. */
  readonly rows: number;
  readonly folds: readonly FoldResult[];
  /** Mean over all folds; absent until each was trained. */
  readonly score?: number;
  /** Of the mean; absent for a single fold. */
  readonly standardError?: number;
}

export interface Trial {
  readonly id: number;
  /** What was drawn; the first trial has the command line's own options. */
  readonly options: TrialOptions;
  readonly rungs: readonly RungResult[];
  /** Why the trial was given up: its numbers went out of bounds. */
  readonly failure?: string;
}

/** `trials.json`: the whole state of a search, written after each training, so that none is lost. */
export interface TrialLedger {
  readonly formatVersion: 1;
  /** What decides the results: a search goes on only under the same. */
  readonly identity: Readonly<Record<string, OptionValue | null>>;
  readonly searchSpace: SearchSpace;
  readonly metric: SelectionMetric;
  readonly rungs: readonly Rung[];
  readonly parts: readonly TuningPart[];
  /** Spent so far, by all processes of the search. */
  readonly seconds: number;
  readonly trials: readonly Trial[];
  /** Id of the trial that won; null while there is none. */
  readonly winner: number | null;
}

export const writeLedger = (dir: string, ledger: TrialLedger): Promise<void> =>
  writeDurably(join(dir, TRIALS_FILE), `${JSON.stringify(ledger, null, 2)}\n`);

/** Reads the state of a search that is to go on. Throws `INVALID_CHECKPOINT` where there is none, or that of another search, with what differs. */
export async function readLedger(dir: string, identity: TrialLedger['identity']): Promise<TrialLedger> {
  const path = join(dir, TRIALS_FILE);
  const refuse = (problem: string, cause?: unknown): TrainerError =>
    new TrainerError('INVALID_CHECKPOINT', `${path}: ${problem}`, { cause });
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw refuse('expected the trials of a search to go on with, found none', cause);
  });
  const { formatVersion, ...rest } = JSON.parse(text) as Omit<TrialLedger, 'formatVersion'> & {
    formatVersion: unknown;
  };
  if (formatVersion !== 1) throw refuse(`expected format version 1, got ${JSON.stringify(formatVersion)}`);
  const ledger: TrialLedger = { formatVersion, ...rest }; // written whole or not at all
  const shown = (value: OptionValue | null | undefined): string =>
    value === undefined ? 'not given' : JSON.stringify(value);
  const differences = Object.keys({ ...ledger.identity, ...identity })
    .filter((name) => shown(ledger.identity[name]) !== shown(identity[name]))
    .map((name) => `; ${name} was ${shown(ledger.identity[name])}, is ${shown(identity[name])}`);
  if (differences.length === 0) return ledger;
  throw refuse(`expected the options and data that this search began with${differences.join('')}`);
}

/** The result of the last rung that a trial has completed: the one that it was given up or interrupted in has no score. */
export const lastCompleted = ({ rungs }: Trial): (RungResult & { readonly score: number }) | undefined =>
  rungs.findLast((rung): rung is RungResult & { readonly score: number } => rung.score !== undefined);

/** The ledger with the result of one more training, and the mean once its rung is complete. */
export function withResult(ledger: TrialLedger, id: number, rung: number, result: FoldResult): TrialLedger {
  return changeTrial(ledger, id, (trial) => {
    const rows = ledger.rungs[rung]?.rows ?? 0;
    const earlier = trial.rungs.find((entry) => entry.rung === rung)?.folds ?? [];
    const folds = [...earlier, result];
    const complete = folds.length === ledger.parts.length ? summarize(folds) : {};
    return {
      ...trial,
      rungs: [...trial.rungs.filter((entry) => entry.rung !== rung), { rung, rows, folds, ...complete }],
    };
  });
}

export const withFailure = (ledger: TrialLedger, id: number, failure: string): TrialLedger =>
  changeTrial(ledger, id, (trial) => ({ ...trial, failure }));

const changeTrial = (ledger: TrialLedger, id: number, change: (trial: Trial) => Trial): TrialLedger => ({
  ...ledger,
  trials: ledger.trials.map((trial) => (trial.id === id ? change(trial) : trial)),
});

function summarize(folds: readonly FoldResult[]): Pick<RungResult, 'score' | 'standardError'> {
  const score = folds.reduce((sum, fold) => sum + fold.score, 0) / folds.length;
  if (folds.length === 1) return { score };
  const variance = folds.reduce((sum, fold) => sum + (fold.score - score) ** 2, 0) / (folds.length - 1);
  return { score, standardError: Math.sqrt(variance / folds.length) };
}
