import { expect, it } from 'vitest';

import { accumulate, adamW, averageParameters, globalNorm, input, scalar } from '../src/index.js';
import { valueOf } from './support/run-graph.js';

const w = input('w', 'float32', [2]);
const step = input('step', 'float64', []);

it.each<[what: string, f: () => unknown]>([
  [
    'adamW: expected a tensor for parameter "w", found none',
    () =>
      adamW(
        {
          ...{ parameters: { w }, firstMoments: {}, secondMoments: { w }, gradients: { w }, step },
          ...{ learningRate: scalar(1, 'float64'), gradientFactor: scalar(1) },
        },
        { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, group: () => ({ weightDecay: 0, learningRateFactor: 1 }) },
      ),
  ],
  ['accumulate: expected a tensor for parameter "w", found none', () => accumulate({}, { w }, 2)],
  [
    'averageParameters: expected a tensor for parameter "w", found none',
    () => averageParameters({ averages: { w }, parameters: {}, step }, 0.9),
  ],
])('%s', (message, f) => {
  expect(f).toThrow(expect.objectContaining({ code: 'INVALID_ATTRIBUTE' }));
  expect(f).toThrow(message);
});

it('the norm of no gradients is 0', async () => {
  expect(await valueOf([], globalNorm({}))).toEqual([0]);
});
