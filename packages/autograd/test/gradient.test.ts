import { describe, expect, it } from 'vitest';

import {
  add,
  cast,
  constant,
  crossEntropy,
  dropout,
  exp,
  gradient,
  gradients,
  input,
  layerNorm,
  linear,
  mul,
  oneHot,
  pow,
  reduceMean,
  reduceSum,
  relu,
  scalar,
  sigmoid,
  sin,
  softmax,
  stopGradient,
  sub,
  tanh,
  type Tensor,
  toGraphProto,
} from '../src/index.js';
import { expectClose } from './support/expect-close.js';
import { expectGradients } from './support/expect-gradients.js';
import { draw, fed } from './support/fed-input.js';
import { run } from './support/run-graph.js';

const opTypes = (inputs: readonly Tensor[], outputs: Record<string, Tensor>): string[] =>
  toGraphProto({ name: 'test', inputs, outputs }).node.map(({ opType }) => opType);

describe('gradients', () => {
  it('sums over the uses of a shared sub-expression', async () => {
    const x = draw('x', [5], { seed: 200 });
    await expectGradients(
      (t) => {
        const shared = sin(t);
        return add(mul(shared, shared), mul(shared, exp(shared)));
      },
      { inputs: [x] },
    );
  });

  it('of a diamond of 40 levels takes time in proportion to its nodes, not its paths', async () => {
    const x = fed('x', [], [1]);
    let y = x.tensor;
    for (let level = 0; level < 40; level += 1) y = mul(add(y, y), 0.5);
    const [dx] = gradients(y, [x.tensor]);
    expect(await run([x], { dx: dx as Tensor })).toEqual({ dx: [1] });
  });

  it('by an intermediate tensor stops there', () => {
    const x = input('x', 'float32', [3]);
    const middle = exp(sin(x));
    const [dMiddle] = gradients(reduceSum(mul(middle, middle)), [middle]);
    expect(opTypes([x], { dMiddle: dMiddle as Tensor })).not.toContain('Cos');
  });

  it('by the loss itself is 1', async () => {
    const x = fed('x', [2], [3, 4]);
    const loss = reduceSum(x.tensor);
    const [one] = gradients(loss, [loss]);
    expect(await run([x], { one: one as Tensor })).toEqual({ one: [1] });
  });

  it('emits nothing for branches that lead to no target', () => {
    const [x, frozen] = [input('x', 'float32', [3]), input('frozen', 'float32', [3])];
    const loss = reduceSum(mul(x, tanh(sin(frozen))));
    const [dx] = gradients(loss, [x]);
    const emitted = opTypes([x, frozen], { dx: dx as Tensor });
    expect(emitted).toEqual(expect.arrayContaining(['Sin', 'Tanh']));
    expect(emitted).not.toContain('Cos'); // the derivative of the frozen branch
  });

  it('emits no forward node that the gradient does not read', () => {
    const x = input('x', 'float32', [3]);
    const [dx] = gradients(reduceSum(mul(add(sin(x), exp(x)), 2)), [x]);
    const emitted = opTypes([x], { dx: dx as Tensor });
    expect(emitted).toContain('Cos');
    expect(emitted).not.toContain('Sin');
  });

  it('adds nothing that was only cast away or stopped', async () => {
    const x = fed('x', [3], [1, 2, 3]);
    const loss = reduceSum(add(mul(x.tensor, 2), mul(stopGradient(x.tensor), x.tensor)));
    const [dx] = gradients(loss, [x.tensor]);
    expect(await run([x], { dx: dx as Tensor })).toEqual({ dx: [3, 4, 5] });
  });

  it('refuse a target that the loss does not depend on', () => {
    const [x, other] = [input('x', 'float32', [3]), input('other', 'float32', [3])];
    expect(() => gradients(reduceSum(x), [x, other])).toThrow('the loss does not depend on input "other"');
    expect(() => gradients(reduceSum(x), [sin(x)])).toThrow('the loss does not depend on a tensor [3]');
    expect(() => gradients(reduceSum(cast(cast(x, 'int32'), 'float32')), [x])).toThrow('input "x"');
  });

  it('refuse a loss that is no floating-point scalar', () => {
    const x = input('x', 'float32', [3]);
    expect(() => gradients(x, [x])).toThrow('expected a floating-point scalar to differentiate, got float32[3]');
    expect(() => gradients(cast(reduceSum(x), 'int64'), [x])).toThrow('got int64[]');
  });

  it('refuse to differentiate layerNorm twice, whose statistics have no gradient', () => {
    const x = input('x', 'float32', [2, 3]);
    const [scale, bias] = [input('scale', 'float32', [3]), input('bias', 'float32', [3])];
    const [dx] = gradients(reduceSum(mul(layerNorm(x, scale, bias, 1e-5), x)), [x]);
    expect(() => gradients(reduceSum(dx as Tensor), [x])).toThrow('layerNorm: only its first output has a gradient');
  });
});

describe('the gradient of a gradient', () => {
  it('of x⁴ is 12 x²', async () => {
    const x = fed('x', [3], [1, -2, 0.5]);
    const [first] = gradients(reduceSum(pow(x.tensor, 4)), [x.tensor]);
    const [second] = gradients(reduceSum(first as Tensor), [x.tensor]);
    expectClose((await run([x], { second: second as Tensor }))['second'] ?? [], [12, 48, 3], { tolerance: 1e-6 });
  });

  it('of a small network agrees with central differences of its gradient', async () => {
    const [x, w] = [draw('x', [2, 3], { seed: 210 }), draw('w', [4, 3], { seed: 211 })];
    const b = draw('b', [4], { seed: 212 });
    await expectGradients(
      (inputs, weight, bias) => {
        const y = softmax(tanh(linear(inputs, weight, bias)));
        const [dw] = gradients(reduceMean(mul(y, sigmoid(y))), [weight]);
        return mul(dw as Tensor, 10); // brings the gradients to order 1
      },
      { inputs: [x, w, b] },
    );
  });
});

describe('gradient', () => {
  it('gives the outputs of a graph function and the gradient of each parameter by name', async () => {
    const [w, b] = [fed('w', [1, 2], [1, 2]), fed('b', [1], [3])];
    const x = fed('x', [1, 2], [5, 7]);
    const differentiate = gradient(({ weight, bias }, inputs: Tensor) => {
      const y = linear(inputs, weight as Tensor, bias as Tensor);
      return { loss: reduceSum(y), y };
    });
    const { outputs, gradients: named } = differentiate({ weight: w.tensor, bias: b.tensor }, x.tensor);
    expect(Object.keys(named)).toEqual(['weight', 'bias']);
    expect(await run([w, b, x], { ...outputs, ...named })).toEqual({ loss: [22], y: [22], weight: [5, 7], bias: [1] });
  });
});

describe('building a graph', () => {
  it('folds scalars as float32 does', () => {
    const folded = add(mul(scalar(0.1), 3), sub(scalar(1), 0.5));
    expect(folded.source.kind).toBe('constant');
    expect(opTypes([], { folded })).toEqual(['Identity']);
  });

  it('drops additions of 0 and products with 1, but not 1 − x or 1 / x', () => {
    const x = input('x', 'float32', [3]);
    expect(add(x, 0)).toBe(x);
    expect(add(0, x)).toBe(x);
    expect(sub(x, 0)).toBe(x);
    expect(mul(1, x)).toBe(x);
    expect(sub(0, x)).not.toBe(x);
  });

  it('keeps the shape of a scalar that meets a neutral tensor', () => {
    const [x, zeros] = [input('x', 'float32', []), constant(new Float32Array(3), 'float32', [3])];
    expect(add(x, zeros).shape).toEqual([3]);
  });

  it('leaves x alone where nothing is dropped', () => {
    const x = input('x', 'float32', [3]);
    expect(dropout(x, undefined)).toBe(x);
  });

  it('makes one-hot rows of labels', async () => {
    const labels = fed('labels', [3], [2, 0, 1], { dtype: 'int64' });
    expect(await run([labels], { rows: oneHot(labels.tensor, 3) })).toEqual({ rows: [0, 0, 1, 1, 0, 0, 0, 1, 0] });
  });

  it('gives the gradient of cross-entropy as (softmax − target) / rows', async () => {
    const [logits, labels] = [draw('logits', [3, 2], { seed: 220 }), fed('labels', [3], [1, 0, 1], { dtype: 'int64' })];
    const [dLogits] = gradients(crossEntropy(logits.tensor, labels.tensor, 0.2), [logits.tensor]);
    const target = add(mul(oneHot(labels.tensor, 2), 0.8), 0.1);
    const expected = mul(sub(softmax(logits.tensor), target), 1 / 3);
    const results = await run([logits, labels], { dLogits: dLogits as Tensor, expected });
    expectClose(results['dLogits'] ?? [], results['expected'] ?? [], { tolerance: 1e-6 });
  });
});

describe('a graph of 10,000 nodes in a row', () => {
  it('is differentiated and emitted without running out of stack', () => {
    const x = input('x', 'float32', []);
    let y = x;
    for (let i = 0; i < 10_000; i += 1) y = relu(y);
    const [dx] = gradients(y, [x]);
    expect(opTypes([x], { y, dx: dx as Tensor }).length).toBeGreaterThan(10_000);
  });
});
