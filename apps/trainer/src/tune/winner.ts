import { join } from 'node:path';

import { stringify } from 'yaml';

import { writeDurably } from '../durable-write.js';
import { kebabOf } from '../option-spec.js';
import { TRAIN_OPTION_SPECS } from '../train-options.js';
import { lastCompleted, type TrialLedger } from './trial-ledger.js';

export const WINNER_FILE = 'best.yaml';

/** Writes the winner's options, and those that the user gave, as a file for `train --config`. Writes nothing where no trial was completed. */
export async function writeWinner(
  dir: string,
  { trials, winner, metric }: TrialLedger,
  given: Readonly<Record<string, unknown>>,
): Promise<void> {
  const trial = trials.find(({ id }) => id === winner);
  const best = trial && lastCompleted(trial);
  if (!trial || !best) return;
  // Where results go is for each training to say.
  const { outputDir: _, ...options } = { ...given, ...trial.options };
  const kept = Object.entries(options).filter(
    ([name, value]) => value !== undefined && isOwn(name) && TRAIN_OPTION_SPECS[name].fallback !== value,
  );
  const yaml = stringify(Object.fromEntries(kept.map(([name, value]) => [kebabOf(name), value])));
  const error = best.standardError === undefined ? '' : ` ± ${best.standardError.toFixed(4)}`;
  const origin = `# Trial ${trial.id} of ${trials.length}: ${metric} ${best.score.toFixed(4)}${error} with ${best.rows} training reviews.\n`;
  await writeDurably(join(dir, WINNER_FILE), `${origin}${kept.length === 0 ? '' : yaml}`);
}

const isOwn = (name: string): name is keyof typeof TRAIN_OPTION_SPECS => Object.hasOwn(TRAIN_OPTION_SPECS, name);
