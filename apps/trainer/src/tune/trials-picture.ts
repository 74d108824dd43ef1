import { join } from 'node:path';

import { writeDurably } from '../durable-write.js';
import { kebabOf, type OptionValue } from '../option-spec.js';
import { drawSearch, type SearchedOption } from '../pictures/search-picture.js';
import type { Distribution } from './search-space.js';
import type { Trial, TrialLedger } from './trial-ledger.js';

export const TRIALS_PICTURE = 'trials.png';

/** Draws the trials of a search into its folder. Draws nothing where none was completed. */
export async function writeTrialsPicture(dir: string, ledger: TrialLedger): Promise<void> {
  const { trials, metric, searchSpace, parts, winner } = ledger;
  if (winner === null) return;
  const names = Object.keys(searchSpace);
  const folds = parts.length === 1 ? 'one held-out part' : `${parts.length} folds`;
  const picture = await drawSearch({
    subject: `${trials.length} trials, ${folds}`,
    metricName: metric,
    options: Object.entries(searchSpace).map(([name, distribution]) => toOption(name, distribution)),
    trials: trials.map((trial) => ({
      values: names.map((name) => placeOf(searchSpace[name]!, valueOf(trial, name, ledger))), // a name of the space
      scores: trial.rungs.flatMap(({ rows, score }) => (score === undefined ? [] : [{ rows, score }])),
      isBest: trial.id === winner,
    })),
  });
  await writeDurably(join(dir, TRIALS_PICTURE), picture);
}

function toOption(name: string, distribution: Distribution): SearchedOption {
  if (distribution.kind === 'choice')
    return { name: kebabOf(name), scale: { categories: distribution.values.map(String) } };
  const scales = { uniform: 'linear', loguniform: 'logarithmic', int: 'integer' } as const;
  return { name: kebabOf(name), scale: scales[distribution.kind] };
}

/** The first trial has the options as they were given. */
const valueOf = ({ options }: Trial, name: string, { identity }: TrialLedger): OptionValue | null | undefined =>
  options[name] ?? identity[name];

/** Where a value stands on its axis; nowhere for a given one that is not among the choices. */
function placeOf(distribution: Distribution, value: OptionValue | null | undefined): number | undefined {
  if (distribution.kind !== 'choice') {
    const isPlaced = typeof value === 'number' && (distribution.kind !== 'loguniform' || value > 0);
    return isPlaced ? value : undefined;
  }
  const index = distribution.values.findIndex((choice) => choice === value);
  return index === -1 ? undefined : index;
}
