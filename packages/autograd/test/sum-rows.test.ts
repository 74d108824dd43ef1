import { expect, it } from 'vitest';

import { gather, gradients, mul, reduceSum, sumRows, type Tensor } from '../src/index.js';
import { createUniform, draw, fed, numbersOf } from './support/fed-input.js';
import { feedsOf, run, withSession } from './support/run-graph.js';

const [ROWS, IDS, WIDTH] = [512, 512, 64];

const IDS_ONCE = Array.from({ length: IDS }, (_, i) => (i * 37) % ROWS);
const ONE_ID = Array.from({ length: IDS }, () => 7);

/** Half of the ids fall on eight rows, so that many rows are summed into one. */
function repeatedIds(): number[] {
  const uniform = createUniform(400);
  return Array.from({ length: IDS }, () => Math.floor(uniform() * (uniform() < 0.5 ? 8 : ROWS)));
}

it('the gradient of a look-up is the same bit for bit, run after run on two threads', async () => {
  const table = draw('table', [ROWS, WIDTH], { seed: 401 });
  const ids = fed('ids', [IDS], repeatedIds(), { dtype: 'int64' });
  const weights = draw('weights', [IDS, WIDTH], { seed: 402 });
  const [gradient] = gradients(reduceSum(mul(gather(table.tensor, ids.tensor), weights.tensor)), [table.tensor]);
  const inputs = [table, ids, weights];
  const graph = { name: 'test', inputs: inputs.map(({ tensor }) => tensor), outputs: { gradient: gradient as Tensor } };
  await withSession(
    graph,
    async (session) => {
      const runs: number[][] = [];
      for (let i = 0; i < 8; i += 1) runs.push(numbersOf((await session.run(feedsOf(inputs)))['gradient']));
      for (const again of runs.slice(1)) expect(again).toEqual(runs[0]);
    },
    2,
  );
});

it.each([
  ['some repeated', repeatedIds()],
  ['each once', IDS_ONCE],
  ['all the same', ONE_ID],
])('sumRows of ids, %s, equals a sum in float64, and rows without an id are exactly 0', async (_, values) => {
  const ids = fed('ids', [IDS], values, { dtype: 'int64' });
  const x = draw('x', [IDS, WIDTH], { seed: 403 });
  const sums = (await run([x, ids], { sums: sumRows(x.tensor, ids.tensor, [ROWS, WIDTH]) }))['sums'] ?? [];
  const expected = new Float64Array(ROWS * WIDTH);
  ids.values.forEach((id, row) => {
    for (let i = 0; i < WIDTH; i += 1) expected[id * WIDTH + i]! += x.values[row * WIDTH + i]!; // both in range
  });
  // Multiples of 2⁻¹⁰ below 2⁶: every partial sum is exact in float32.
  expect(sums.map((sum) => sum + 0)).toEqual(Array.from(expected)); // −0 + 0 is 0
});
