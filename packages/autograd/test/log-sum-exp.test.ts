import { expect, it } from 'vitest';

import { gradients, logSumExp, reduceSum } from '../src/index.js';
import { fed } from './support/fed-input.js';
import { run } from './support/run-graph.js';

it('logSumExp and its gradient, the softmax, are exact at ±1000', async () => {
  const x = fed('x', [3, 2], [1000, 1000, -1000, -1000, 1000, -1000]);
  const sums = logSumExp(x.tensor);
  const [gradient] = gradients(reduceSum(sums), [x.tensor]);
  if (!gradient) throw new Error('one gradient a target');
  const results = await run([x], { sums, gradient });
  expect(results['sums']).toEqual([1000 + Math.LN2, -1000 + Math.LN2, 1000].map(Math.fround));
  expect(results['gradient']).toEqual([0.5, 0.5, 0.5, 0.5, 1, 0]);
});
