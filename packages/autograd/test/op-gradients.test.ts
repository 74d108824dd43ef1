import { describe, expect, it } from 'vitest';

import {
  add,
  cast,
  constant,
  dimension,
  dynamicQuantizeMatmul,
  equal,
  gradients,
  greater,
  less,
  mul,
  multiHeadAttention,
  reduceSum,
  reshape,
  sign,
  stopGradient,
  type Tensor,
} from '../src/index.js';
import { opTable } from '../src/op-table.js';
import { expectGradients } from './support/expect-gradients.js';
import { draw, fed } from './support/fed-input.js';
import { compositionCases, gradientCases } from './support/gradient-cases.js';
import { run } from './support/run-graph.js';

describe.each(Object.entries(gradientCases))('the gradient of %s', (_, cases) => {
  it.each(cases.map((one) => [one.title, one] as const))('agrees with central differences: %s', async (_title, one) => {
    await expectGradients(one.f, one);
  });
});

it.each(compositionCases.map((one) => [one.title, one] as const))(
  'the gradient of %s agrees with central differences',
  async (_title, one) => {
    await expectGradients(one.f, one);
  },
);

/** A float32 tensor made of x [2, 4] by an operation through which no gradient flows. */
const barriers: Readonly<Record<string, (x: Tensor) => Tensor>> = {
  sign,
  stopGradient,
  equal: (x) => cast(equal(x, 0.5), 'float32'),
  greater: (x) => cast(greater(x, 0), 'float32'),
  less: (x) => cast(less(x, 0), 'float32'),
  dimension: (x) => mul(dimension('rows'), dimension(x.shape[1] ?? 1)),
  dynamicQuantizeMatmul: (x) => {
    const weight = fed('weight', [4, 4], []).tensor;
    const ones = fed('ones', [4], []).tensor;
    return dynamicQuantizeMatmul(x, { ...weight, dtype: 'int8' }, ones, ones);
  },
  multiHeadAttention: (x) => {
    const sequence = reshape(x, [1, 2, 4]);
    const keyPaddingMask = constant(Int32Array.of(1, 1), 'int32', [1, 2]);
    return reshape(multiHeadAttention(sequence, sequence, sequence, { heads: 2, keyPaddingMask }), [2, 4]);
  },
};

describe.each(Object.entries(barriers))('%s', (_, barrier) => {
  it('lets no gradient through', () => {
    const x = fed('x', [2, 4], []).tensor;
    expect(() => gradients(reduceSum(barrier(x)), [x])).toThrow('the loss does not depend on input "x"');
  });

  it('adds nothing to the gradient of another branch', async () => {
    const x = draw('x', [2, 4], { seed: 140 });
    const [gradient] = gradients(reduceSum(add(mul(x.tensor, 3), barrier(x.tensor))), [x.tensor]);
    expect(await run([x], { gradient: gradient as Tensor })).toEqual({ gradient: Array<number>(8).fill(3) });
  });
});

it('every operation of the table is tested here, but for the loop, which slices.test.ts tests', () => {
  const tested = [...Object.keys(gradientCases), ...Object.keys(barriers), 'overSlices'];
  expect(tested.sort()).toEqual(Object.keys(opTable).sort());
});
