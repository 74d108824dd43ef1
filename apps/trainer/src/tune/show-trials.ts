import { SELECTION_METRICS } from '../model-selection.js';
import { formatSeconds } from '../progress.js';
import { kebabOf } from '../option-spec.js';
import { textTable } from '../text-table.js';
import { rankTrials } from './successive-halving.js';
import { lastCompleted, type Trial, type TrialLedger } from './trial-ledger.js';

/** A line a trial: those that got farthest first, of these the best. */
export function tabulateTrials({ trials, metric, searchSpace, winner }: TrialLedger): string {
  const names = Object.keys(searchSpace);
  const header = ['trial', 'reviews', metric, 'time', ...names.map(kebabOf), ''];
  const rows = inOrder(trials, metric).map((trial) => {
    const last = lastCompleted(trial);
    const seconds = trial.rungs.flatMap(({ folds }) => folds).reduce((sum, fold) => sum + fold.seconds, 0);
    const error = last?.standardError === undefined ? '' : ` ± ${last.standardError.toFixed(4)}`;
    return [
      String(trial.id),
      last ? String(last.rows) : '',
      last ? `${last.score.toFixed(4)}${error}` : '',
      formatSeconds(seconds),
      ...names.map((name) => String(trial.options[name] ?? 'as given')),
      trial.failure !== undefined ? 'given up' : trial.id === winner ? 'best' : '',
    ];
  });
  return textTable(header, rows);
}

function inOrder(trials: readonly Trial[], metric: TrialLedger['metric']): Trial[] {
  const reached = (trial: Trial): number => trial.rungs.filter(({ score }) => score !== undefined).length;
  const rungs = [...new Set(trials.map(reached))].sort((a, b) => b - a);
  return rungs.flatMap((count) => {
    const group = trials.filter((trial) => reached(trial) === count);
    const scored = group.map((trial) => ({
      id: trial.id,
      score: trial.rungs.find(({ rung }) => rung === count - 1)?.score ?? 0,
      trial,
    }));
    return rankTrials(scored, SELECTION_METRICS[metric]).map(({ trial }) => trial);
  });
}
