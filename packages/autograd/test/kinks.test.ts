import { describe, expect, it } from 'vitest';

import {
  abs,
  add,
  constant,
  gradients,
  log,
  maximum,
  minimum,
  mul,
  pow,
  reduceMax,
  reduceSum,
  relu,
  sqrt,
  type Tensor,
  where,
} from '../src/index.js';
import { fed } from './support/fed-input.js';
import { run } from './support/run-graph.js';

/** The gradients of Σ cotangent ⊙ f by its inputs, exact. */
async function gradientsAt(
  f: (...tensors: Tensor[]) => Tensor,
  points: readonly (readonly number[])[],
  cotangent: readonly number[],
): Promise<number[][]> {
  const inputs = points.map((values, i) => fed(`x${i}`, values.length === 1 ? [] : [values.length], values));
  const tensors = inputs.map(({ tensor }) => tensor);
  const output = f(...tensors);
  const weights = constant(Float32Array.from(cotangent), 'float32', cotangent.length === 1 ? [] : [cotangent.length]);
  const results = gradients(reduceSum(mul(output, weights)), tensors);
  const named = await run(inputs, Object.fromEntries(results.map((tensor, i) => [`gradient${i}`, tensor])));
  return results.map((_, i) => named[`gradient${i}`] ?? []);
}

describe('at a kink the gradient is PyTorch’s:', () => {
  it('relu passes nothing at 0, and everything just above', async () => {
    const [dx] = await gradientsAt(relu, [[-1, -0, 0, 1e-30, 2]], [10, 20, 30, 40, 50]);
    expect(dx?.map(Math.abs)).toEqual([0, 0, 0, 40, 50]);
  });

  it('abs passes nothing at 0', async () => {
    const [dx] = await gradientsAt(abs, [[-1, -0, 0, 2]], [10, 20, 30, 40]);
    expect(dx?.map((value) => value + 0)).toEqual([-10, 0, 0, 40]);
  });

  it('maximum gives half to each side of a tie', async () => {
    const [da, db] = await gradientsAt(
      maximum,
      [
        [1, 2, 3],
        [2, 2, 2],
      ],
      [10, 20, 30],
    );
    expect([da, db]).toEqual([
      [0, 10, 30],
      [10, 10, 0],
    ]);
  });

  it('minimum gives half to each side of a tie', async () => {
    const [da, db] = await gradientsAt(
      minimum,
      [
        [1, 2, 3],
        [2, 2, 2],
      ],
      [10, 20, 30],
    );
    expect([da, db]).toEqual([
      [10, 10, 0],
      [0, 10, 30],
    ]);
  });

  it('a broadcast side of maximum collects its halves', async () => {
    const [da, db] = await gradientsAt(maximum, [[2], [1, 2, 2, 3]], [10, 20, 30, 40]);
    expect([da, db]).toEqual([[35], [0, 10, 15, 40]]);
  });

  it('maximum of a tensor with itself gives the whole', async () => {
    expect(await gradientsAt((x) => maximum(x, x), [[1, 2]], [10, 20])).toEqual([[10, 20]]);
  });

  it('reduceMax shares among equal maxima', async () => {
    const [dx] = await gradientsAt((x) => reduceMax(x), [[3, 1, 3, 3]], [6]);
    expect(dx).toEqual([2, 0, 2, 2]);
  });

  it('reduceMax over two axes shares among equal maxima of each slice', async () => {
    const x = fed('x', [2, 2, 2], [5, 5, 1, 7, 5, 0, 1, 7]);
    const y = reduceMax(x.tensor, [0, 1]); // [2]: columns {5, 1, 5, 1} and {5, 7, 0, 7}
    const [dx] = gradients(reduceSum(mul(y, constant(Float32Array.of(4, 6), 'float32', [2]))), [x.tensor]);
    expect(await run([x], { dx: dx as Tensor })).toEqual({ dx: [2, 0, 0, 3, 2, 0, 0, 3] });
  });

  it('sqrt and log are infinitely steep at 0', async () => {
    expect(await gradientsAt(sqrt, [[0, 4]], [1, 1])).toEqual([[Infinity, 0.25]]);
    expect(await gradientsAt(log, [[0, 4]], [1, 1])).toEqual([[Infinity, 0.25]]);
  });

  it('pow has the slope of the polynomial at 0', async () => {
    const exponents = constant(Float32Array.of(1, 2, 3), 'float32', [3]);
    expect(await gradientsAt((x) => pow(x, exponents), [[0, 0, 0]], [10, 20, 30])).toEqual([[10, 0, 0]]);
  });

  it('where passes nothing to the branch that was not taken', async () => {
    const condition = constant(Uint8Array.of(1, 0), 'bool', [2]);
    const [da, db] = await gradientsAt(
      (a, b) => where(condition, a, b),
      [
        [1, 2],
        [3, 4],
      ],
      [10, 20],
    );
    expect([da, db]).toEqual([
      [10, 0],
      [0, 20],
    ]);
  });

  it.each<[what: string, f: (x: Tensor) => Tensor, x: number[], cotangent: number[], expected: number[]]>([
    ['relu', relu, [-1, 1], [Infinity, 2], [0, 2]],
    ['maximum', (x) => maximum(x, constant(Float32Array.of(0, 0), 'float32', [2])), [-1, 1], [Infinity, 2], [0, 2]],
    ['minimum', (x) => minimum(x, 0), [1, -1], [Infinity, 2], [0, 2]],
    ['maximum with a loser', (x) => maximum(0, x), [-1, 1], [Infinity, 2], [0, 2]],
    ['where', (x) => where(constant(Uint8Array.of(0, 1), 'bool', [2]), x, 0), [1, 1], [Infinity, 2], [0, 2]],
    ['reduceMax', (x) => reduceMax(x), [1, 3], [Infinity], [0, Infinity]],
    ['pow to the 0', (x) => pow(x, constant(Float32Array.of(0, 2), 'float32', [2])), [0, 3], [5, 2], [0, 12]],
  ])('%s passes exactly nothing where it passes nothing', async (_, f, x, cotangent, expected) => {
    const [dx] = await gradientsAt(f, [x], cotangent);
    expect(dx?.map((value) => value + 0)).toEqual(expected);
  });

  it('a loss that touches no kink is not disturbed by one beside it', async () => {
    expect(await gradientsAt((x) => add(mul(x, 2), relu(x)), [[0, 1]], [1, 1])).toEqual([[2, 3]]);
  });
});
