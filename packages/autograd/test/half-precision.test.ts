import { readFileSync } from 'node:fs';

import { describe, expect, it } from 'vitest';

import {
  cast,
  DEFAULT_LOSS_SCALING,
  gradients,
  inHalfPrecision,
  isFiniteNumber,
  linear,
  maximum,
  mul,
  nextLossScale,
  reduceSum,
} from '../src/index.js';
import { expectClose } from './support/expect-close.js';
import { fed } from './support/fed-input.js';
import { run, valueOf } from './support/run-graph.js';

/** What `oracles/loss_scaling.py` recorded from PyTorch. */
const oracle = JSON.parse(readFileSync(new URL('oracles/loss_scaling.json', import.meta.url), 'utf8')) as {
  growthInterval: number;
  overflows: number[];
  scales: { initial: number; after: number[] }[];
  linear: Record<'x' | 'weight' | 'bias' | 'cotangent' | 'y' | 'dx' | 'dweight' | 'dbias', number[]>;
};

describe('a linear map in emulated float16', () => {
  const recorded = oracle.linear;
  const x = fed('x', [4, 6], recorded.x, { shape: ['rows', 6] });
  const weight = fed('weight', [5, 6], recorded.weight);
  const bias = fed('bias', [5], recorded.bias);
  const cotangent = fed('cotangent', [4, 5], recorded.cotangent, { shape: ['rows', 5] });

  it('is what PyTorch gives under float16 autocast, forward and backward, to the rounding of its last bit', async () => {
    const y = inHalfPrecision(linear, 'emulated')(x.tensor, weight.tensor, bias.tensor);
    const inputs = [x.tensor, weight.tensor, bias.tensor];
    const [dx = y, dweight = y, dbias = y] = gradients(reduceSum(mul(y, cotangent.tensor)), inputs);
    const outputs = await run([x, weight, bias, cotangent], { y, dx, dweight, dbias });
    for (const name of ['y', 'dx', 'dweight', 'dbias'] as const) {
      expectClose(outputs[name] ?? [], recorded[name], { tolerance: 2e-3, label: name });
      for (const value of outputs[name] ?? []) expect(value).toBe(toHalf(value)); // nothing is finer than float16
    }
  });

  /** The nearest float16, for values of normal size. */
  const toHalf = (value: number): number => {
    const unit = 2 ** (Math.floor(Math.log2(Math.abs(value))) - 10);
    return value === 0 ? 0 : Math.round(value / unit) * unit;
  };

  it('gives infinity for 70,000, which float16 cannot hold, going in, coming out, and on the way back', async () => {
    const one = fed('one', [1, 1], [1]);
    const zero = fed('zero', [1], [0]);
    const large = fed('large', [1, 1], [70_000]);
    const root = fed('root', [1, 1], [Math.sqrt(70_000)]);
    const map = inHalfPrecision(linear, 'emulated');
    expect(await valueOf([large, one, zero], map(large.tensor, one.tensor, zero.tensor))).toEqual([Infinity]);
    expect(await valueOf([root, zero], map(root.tensor, root.tensor, zero.tensor))).toEqual([Infinity]);
    const scaled = reduceSum(mul(map(one.tensor, root.tensor, zero.tensor), large.tensor));
    const [slope = scaled] = gradients(scaled, [root.tensor]);
    expect(await valueOf([one, root, zero, large], slope)).toEqual([Infinity]);
    expect(await valueOf([large], cast(cast(large.tensor, 'float16'), 'float32'))).toEqual([Infinity]);
  });

  it('differs from float16 nodes, which the CPU provider computes in float32 without a cast', async () => {
    const one = fed('one', [1, 1], [1]);
    const zero = fed('zero', [1], [0]);
    const large = fed('large', [1, 1], [70_000]);
    const y = inHalfPrecision(linear, 'float16')(large.tensor, one.tensor, zero.tensor);
    expect(await valueOf([large, one, zero], y)).toEqual([70_000]);
  });
});

it('numbers beside float16 tensors are of that dtype, in gradients too', async () => {
  const x = fed('x', [3], [-1, 0.5, 2]);
  const loss = reduceSum(mul(maximum(cast(x.tensor, 'float16'), 0), 0.5));
  expect(loss.dtype).toBe('float16');
  const [slope = loss] = gradients(loss, [x.tensor]);
  expect(await valueOf([x], slope)).toEqual([0, 0.5, 0.5]);
});

describe('the loss scale', () => {
  it.each(oracle.scales.map(({ initial, after }) => [initial, after] as const))(
    'from %d follows PyTorch’s GradScaler',
    async (initial, after) => {
      const options = { ...DEFAULT_LOSS_SCALING, growthInterval: oracle.growthInterval };
      let [scale, goodSteps] = [initial, 0];
      for (const [step, overflow] of oracle.overflows.entries()) {
        const inputs = [fed('scale', [], [scale]), fed('good', [], [goodSteps]), fed('norm', [], [overflow ? NaN : 1])];
        const [s, good, norm] = inputs.map(({ tensor }) => tensor) as [never, never, never];
        const next = nextLossScale({ scale: s, goodSteps: good }, isFiniteNumber(norm), options);
        const outputs = await run(inputs, { 'next.scale': next.scale, 'next.good': next.goodSteps });
        [scale = NaN, goodSteps = NaN] = [outputs['next.scale']?.[0], outputs['next.good']?.[0]];
        expect(scale, `after step ${step}`).toBe(after[step]);
      }
    },
  );

  it('has the defaults of PyTorch’s GradScaler', () => {
    expect(DEFAULT_LOSS_SCALING).toEqual({
      ...{ initialScale: 65_536, growthFactor: 2, backoffFactor: 0.5, growthInterval: 2000 },
    });
  });
});
