import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { type TrialLedger, withResult } from '../src/tune/trial-ledger.js';
import { writeWinner } from '../src/tune/winner.js';
import { temporaryFolder } from './support/temporary-folder.js';

test('a winner that was stopped in its next rung has the score of the one before', async () => {
  const part = { trainFile: 'train.csv', validationFile: 'validation.csv', trainRows: 18 };
  const begun: TrialLedger = {
    formatVersion: 1,
    identity: {},
    searchSpace: {},
    metric: 'f1',
    rungs: [
      { trials: 3, rows: 6 },
      { trials: 1, rows: 18 },
    ],
    parts: [part, part],
    seconds: 0,
    trials: [{ id: 0, options: { learningRate: 3e-4 }, rungs: [] }],
    winner: 0,
  };
  const results = [
    { rung: 0, fold: 0, score: 0.75 },
    { rung: 0, fold: 1, score: 0.85 },
    { rung: 1, fold: 0, score: 0.9 },
  ];
  const ledger = results.reduce(
    (sum, { rung, ...result }) => withResult(sum, 0, rung, { ...result, seconds: 1 }),
    begun,
  );
  const dir = await temporaryFolder();
  await writeWinner(dir, ledger, {});
  expect(await readFile(join(dir, 'best.yaml'), 'utf8')).toBe(
    '# Trial 0 of 1: f1 0.8000 ± 0.0500 with 6 training reviews.\nlearning-rate: 0.0003\n',
  );
});
