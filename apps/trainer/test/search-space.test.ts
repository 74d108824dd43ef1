import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';

import { drawTrial, readSearchSpace, type SearchSpace } from '../src/tune/search-space.js';
import { planRungs, rankTrials } from '../src/tune/successive-halving.js';
import { temporaryFolder } from './support/temporary-folder.js';

let cwd: string;
beforeAll(async () => {
  cwd = await temporaryFolder();
});

async function spaceOf(yaml: string): Promise<SearchSpace> {
  const path = join(cwd, 'space.yaml');
  await writeFile(path, yaml);
  return readSearchSpace(path, cwd);
}

describe('a search space', () => {
  test('is read from YAML, option by option, in alphabetical order', async () => {
    const space = await spaceOf(
      [
        'warmup_ratio: { uniform: [0, 0.2] }',
        'learning-rate: { loguniform: [1e-5, 1e-3] }',
        'numTrainEpochs: { int: [1, 4] }',
        'truncation: { choice: [head, head+tail] }',
        'model-name-or-path: { choice: [small, a/b/c] }',
        '',
      ].join('\n'),
    );
    expect(Object.entries(space)).toEqual([
      ['learningRate', { kind: 'loguniform', low: 1e-5, high: 1e-3 }],
      ['modelNameOrPath', { kind: 'choice', values: ['small', join(cwd, 'a', 'b', 'c')] }],
      ['numTrainEpochs', { kind: 'int', low: 1, high: 4 }],
      ['truncation', { kind: 'choice', values: ['head', 'head+tail'] }],
      ['warmupRatio', { kind: 'uniform', low: 0, high: 0.2 }],
    ]);
  });

  const GRAMMAR =
    'expected { choice: [...] }, { uniform: [low, high] }, { loguniform: [low, high] } or { int: [low, high] }';
  const flaws: Record<string, string> = {
    '': ': expected options to search, found none',
    'lerning-rate: { uniform: [0, 1] }': " line 1: unknown option 'lerning-rate' (Did you mean learning-rate?)",
    'output-dir: { choice: [a] }': ' line 1: output-dir: expected an option of training, this one cannot be searched',
    'seed: 3': ` line 1: seed: ${GRAMMAR}`,
    'seed: { normal: [0, 1] }': ` line 1: seed: ${GRAMMAR}`,
    'seed: { int: 3 }': ` line 1: seed: ${GRAMMAR}`,
    'truncation: { choice: [head, middle] }':
      ' line 1: truncation: expected one of head, tail, head+tail, got "middle"',
    'truncation: { choice: [] }': ' line 1: truncation: expected at least one value to choose, got none',
    '\nwarmup-ratio: { uniform: [0, 1] }': ' line 2: warmup-ratio: expected a number of at least 0 below 1, got "1"',
    'learning-rate: { uniform: [1e-3, 1e-5] }':
      ' line 1: learning-rate: expected two numbers, the lower one first, got 0.001, 0.00001',
    'learning-rate: { loguniform: [0, 1e-5] }':
      ' line 1: learning-rate: expected a lower bound above 0 for loguniform, got 0',
    'num-train-epochs: { uniform: [1, 3] }':
      ' line 1: num-train-epochs: expected int or choice for an integer, got uniform',
    'learning-rate: { int: [0.5, 2] }': ' line 1: learning-rate: expected integers for int',
  };
  test.each(Object.entries(flaws))('is refused: %s', async (yaml, message) => {
    const error: unknown = await spaceOf(yaml).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'INVALID_OPTION', message: `${join(cwd, 'space.yaml')}${message}` });
  });
});

describe('a trial', () => {
  const space: SearchSpace = {
    a: { kind: 'uniform', low: -1, high: 1 },
    b: { kind: 'loguniform', low: 1e-6, high: 1e-2 },
    c: { kind: 'int', low: 2, high: 5 },
    d: { kind: 'choice', values: ['x', true] },
  };

  test('draws within the bounds, numbers of three digits, the same for the same seed and id', () => {
    const property = fc.property(fc.nat(), fc.integer({ min: 1, max: 500 }), (seed, id) => {
      const trial = drawTrial(space, seed, id) as { a: number; b: number; c: number; d: unknown };
      expect(Math.abs(trial.a)).toBeLessThanOrEqual(1);
      expect(trial.b).toBeGreaterThanOrEqual(1e-6);
      expect(trial.b).toBeLessThanOrEqual(1e-2);
      expect([2, 3, 4, 5]).toContain(trial.c);
      expect(['x', true]).toContain(trial.d);
      expect(trial.b).toBe(Number(trial.b.toPrecision(3)));
      expect(drawTrial(space, seed, id)).toEqual(trial);
    });
    fc.assert(property, { seed: 2, numRuns: 300 });
  });

  test('reaches every integer and every power of ten alike', () => {
    const trials = Array.from({ length: 2000 }, (_, id) => drawTrial(space, 1, id + 1)) as { b: number; c: number }[];
    for (const value of [2, 3, 4, 5]) expect(trials.filter(({ c }) => c === value).length).toBeGreaterThan(400);
    for (const power of [1e-6, 1e-5, 1e-4, 1e-3]) {
      expect(trials.filter(({ b }) => b >= power && b < 10 * power).length).toBeGreaterThan(400);
    }
  });

  test('is the command line as it stands, for the first one', () => {
    expect(drawTrial(space, 1, 0)).toEqual({});
  });
});

describe('successive halving', () => {
  test('trains a third of the trials on three times the reviews, up to all of them', () => {
    expect(planRungs(9, 3, 9000)).toEqual([
      { trials: 9, rows: 1000 },
      { trials: 3, rows: 3000 },
      { trials: 1, rows: 9000 },
    ]);
    expect(planRungs(10, 2, 1000).map(({ trials }) => trials)).toEqual([10, 5, 2, 1]);
    expect(planRungs(1, 3, 50)).toEqual([{ trials: 1, rows: 50 }]);
    expect(planRungs(27, 3, 20).map(({ rows }) => rows)).toEqual([2, 2, 7, 20]);
  });

  test('ranks by the better score, and of equal ones the earlier trial', () => {
    const trials = [
      { id: 0, score: 0.5 },
      { id: 1, score: 0.7 },
      { id: 2, score: 0.5 },
    ];
    expect(rankTrials(trials, 'greater').map(({ id }) => id)).toEqual([1, 0, 2]);
    expect(rankTrials(trials, 'lower').map(({ id }) => id)).toEqual([0, 2, 1]);
  });
});
