import { join } from 'node:path';

import type { CliCommand } from '../cli-command.js';
import { withRunDefaults, withTrainingData } from '../run-defaults.js';
import { EXIT_CODES } from '../trainer-error.js';
import { runSearch } from './search.js';
import { tabulateTrials } from './show-trials.js';
import { TUNE_OPTION_SPECS, type TuneOptions } from './tune-options.js';
import { WINNER_FILE } from './winner.js';

export const TUNE_COMMAND: CliCommand = {
  description: 'search training options: random draws, successive halving, cross-validation',
  specs: TUNE_OPTION_SPECS,
  example: '--search-space space.yaml --train-file reviews.csv --folds 5 --max-minutes 120 --output-dir runs/search',
  run: async (parsed, dependencies) => {
    const { cwd, write, progress } = dependencies;
    // Each value was parsed as its spec says.
    const options = withTrainingData(withRunDefaults(parsed, dependencies), dependencies) as unknown as TuneOptions;
    const { ledger, ended } = await runSearch(options, parsed, cwd, dependencies);
    write(tabulateTrials(ledger));
    const goOn = `the same command with --output-dir ${options.outputDir} --resume`;
    if (ended === 'stopped') progress.say(`stopped; go on with ${goOn}`);
    if (ended === 'out-of-time') progress.say(`out of time; with more --max-minutes, ${goOn} goes on`);
    if (ledger.winner !== null) {
      progress.say(`train with the best options: npm run train -- --config ${join(options.outputDir, WINNER_FILE)}`);
    }
    return ended === 'stopped' ? EXIT_CODES.INTERRUPTED : 0;
  },
};
