import { encodeModel } from '@marquee/onnx';
import { describe, expect, it } from 'vitest';

import {
  crossEntropy,
  type Dim,
  dimension,
  div,
  gradient,
  type Graph,
  input,
  linear,
  mul,
  overSlices,
  reduceSum,
  reshape,
  type Slicing,
  sub,
  type Tensor,
  type Tensors,
  toGraphProto,
  toLoopGraphProto,
  toModelProto,
} from '../src/index.js';
import { expectClose } from './support/expect-close.js';
import { draw, fed, numbersOf } from './support/fed-input.js';
import { feedsOf, run, withSession } from './support/run-graph.js';

const [ROWS, SEQ, DIM] = [7, 3, 4];
const x = draw('x', [ROWS, SEQ, DIM], { seed: 1, shape: ['batch', 'seq', DIM] });
const labels = fed(
  'labels',
  [ROWS, SEQ],
  Array.from({ length: ROWS * SEQ }, (_, i) => (i * i) % 2),
  {
    dtype: 'int64',
    shape: ['batch', 'seq'],
  },
);
const weight = draw('weight', [2, DIM], { seed: 2 });
const bias = draw('bias', [2], { seed: 3 });
const feeds = [x, labels, weight, bias];

/** Mean loss of a linear classifier of all tokens, with its gradients and logits; `share` weighs the loss of a slice. */
function classify(weights: Tensors, tokens: Tensor, classes: Tensor, share: (loss: Tensor) => Tensor) {
  const { outputs, gradients } = gradient((trained: Tensors) => {
    const logits = linear(reshape(tokens, ['batch*seq', DIM]), trained['weight'] as Tensor, trained['bias'] as Tensor); // declared by all callers
    return { loss: share(crossEntropy(logits, reshape(classes, ['batch*seq']))), logits };
  })(weights, undefined);
  return {
    slope: gradients['weight'] as Tensor,
    lift: gradients['bias'] as Tensor,
    loss: outputs.loss,
    logits: reshape(outputs.logits, ['batch', 'seq', 2]),
  };
}

const body = (): Graph => {
  const [w, b] = [input('w', 'float32', [2, DIM]), input('b', 'float32', [2])];
  const [tokens, classes] = [
    input('tokens', 'float32', ['batch', 'seq', DIM]),
    input('classes', 'int64', ['batch', 'seq']),
  ];
  const rows = input('rows', 'float32', []);
  const outputs = classify({ weight: w, bias: b }, tokens, classes, (loss) => mul(loss, div(dimension('batch'), rows)));
  return { name: 'slice', inputs: [w, b, tokens, classes, rows], outputs };
};
const bindings = {
  w: weight.tensor,
  b: bias.tensor,
  tokens: x.tensor,
  classes: labels.tensor,
  rows: dimension('batch'),
};
const slicing = (rows: number): Slicing => ({
  sliced: ['tokens', 'classes'],
  summed: ['slope', 'lift', 'loss'],
  elements: rows * SEQ,
  perRow: 'seq',
});

describe('a graph over slices', () => {
  it.each([1, 2, 3, 7, 100])('of %i rows gives the sums and the rows of the whole batch', async (rows) => {
    const whole = await run(
      feeds,
      classify({ weight: weight.tensor, bias: bias.tensor }, x.tensor, labels.tensor, (loss) => loss),
    );
    const sliced = await run(feeds, overSlices(body(), bindings, slicing(rows)));
    expect(sliced['logits']).toHaveLength(ROWS * SEQ * 2);
    for (const [name, values] of Object.entries(whole))
      expectClose(sliced[name] ?? [], values, { tolerance: 1e-6, label: name });
  });

  it('has slices of one row where a row has more elements than a slice may have', async () => {
    const { loss } = await run(feeds, overSlices(body(), bindings, { ...slicing(1), elements: 1 }));
    const { loss: whole } = await run(feeds, overSlices(body(), bindings, slicing(ROWS)));
    expect(loss?.[0]).toBeCloseTo(whole?.[0] ?? NaN, 6);
  });

  it('reads the state of its own step inside a loop of steps', async () => {
    const { slope, loss } = overSlices(body(), bindings, slicing(2)) as Record<'slope' | 'loss', Tensor>; // outputs of the body
    const next = { 'next.weight': sub(weight.tensor, slope), loss };
    const descent: Graph = { name: 'descent', inputs: feeds.map(({ tensor }) => tensor), outputs: next };
    const loop = toLoopGraphProto(descent, { iterations: 3, carried: { weight: 'next.weight' }, stacked: [] });
    const looped = await withSession(encodeModel(toModelProto(loop)), (session) => session.run(feedsOf(feeds)));
    let current = weight.values;
    const losses: number[] = [];
    for (let step = 0; step < 3; step += 1) {
      const results = await withSession(descent, (session) =>
        session.run(feedsOf([x, labels, { ...weight, values: current }, bias])),
      );
      current = numbersOf(results['next.weight']);
      losses.push(...numbersOf(results['loss']));
    }
    expect(numbersOf(looped['loss'])).toEqual(losses);
    expect(new Set(losses).size).toBe(3);
    expect(numbersOf(looped['next.weight'])).toEqual(current);
  });

  it('refuses bindings and names that do not fit its body', () => {
    const { rows: _, ...incomplete } = bindings;
    expect(() => overSlices(body(), incomplete, slicing(2))).toThrow(
      'expected a tensor for the body\'s input "rows", got none',
    );
    expect(() => overSlices(body(), { ...bindings, w: bias.tensor }, slicing(2))).toThrow(
      'overSlices: expected float32[2, 4] for "w", got float32[2]',
    );
    expect(() => overSlices(body(), bindings, { ...slicing(2), summed: ['total'] })).toThrow(
      'expected "total" among the body\'s outputs',
    );
    expect(() => overSlices(body(), bindings, { ...slicing(2), sliced: [] })).toThrow(
      'expected at least one sliced input',
    );
  });

  it.each<[what: string, y: (x: Tensor) => Tensor, summed: string[], actual: string]>([
    [
      'a joined output that leads with another axis',
      (x) => reshape(x, [1, 'rows']),
      [],
      'as its first axis alone, got [1, rows]',
    ],
    ['a joined output without rows', (x) => reduceSum(x), [], 'as its first axis alone, got []'],
    ['a summed output of rows', (x) => reshape(x, [1, 'rows']), ['y'], 'in no axis, got [1, rows]'],
  ])('refuses %s', (_, y, summed, actual) => {
    const rows = input('x', 'float32', ['rows', 1]);
    const graph: Graph = { name: 'rows', inputs: [rows], outputs: { y: y(rows) } };
    const cut = (): unknown =>
      overSlices(graph, { x: input('x', 'float32', ['batch', 1]) }, { sliced: ['x'], summed, elements: 1, perRow: 1 });
    expect(cut).toThrow(expect.objectContaining({ code: 'SHAPE_MISMATCH' }));
    expect(cut).toThrow(`expected "y" to have the symbol of a slice's rows ${actual}`);
  });

  it.each<[what: string, rows: [x: Dim, other: Dim], bound: [x: Dim, other: Dim], sliced: string[], expected: string]>([
    [
      'different rows',
      ['rows', 'rows'],
      ['batch', 'all'],
      ['x', 'other'],
      'float32[batch, 1] for "other", got float32[all, 1]',
    ],
    ['a whole input of its rows', ['rows', 'rows'], ['batch', 'rows'], ['x'], 'in no axis, got [rows, 1]'],
    ['rows whose number is fixed', [7, 1], [7, 1], ['x'], 'first axis alone, got [7, 1]'],
  ])('refuses %s', (_, rows, bound, sliced, expected) => {
    const pair = (sizes: readonly Dim[]): Tensor[] =>
      ['x', 'other'].map((name, i) => input(name, 'float32', [sizes[i] ?? 1, 1]));
    const [x, other] = pair(rows) as [Tensor, Tensor];
    const graph: Graph = { name: 'pair', inputs: [x, other], outputs: { y: mul(x, other) } };
    const [boundX, boundOther] = pair(bound) as [Tensor, Tensor];
    const cut = (): unknown =>
      overSlices(graph, { x: boundX, other: boundOther }, { sliced, summed: [], elements: 1, perRow: 1 });
    expect(cut).toThrow(expect.objectContaining({ code: 'SHAPE_MISMATCH' }));
    expect(cut).toThrow(expected);
  });

  it('refuses a body with a name of the loop around it', () => {
    const slice = input('slice', 'float32', ['batch', 1]);
    const graph: Graph = { name: 'body', inputs: [slice], outputs: { y: mul(slice, 2) } };
    const x = input('x', 'float32', ['batch', 1]);
    const { y } = overSlices(graph, { slice: x }, { sliced: ['slice'], summed: [], elements: 1, perRow: 1 });
    expect(() => toGraphProto({ name: 'sliced', inputs: [x], outputs: { y: y as Tensor } })).toThrow(
      expect.objectContaining({ code: 'DUPLICATE_NAME' }),
    );
  });

  it('is not differentiated from outside', () => {
    const { loss } = overSlices(body(), bindings, slicing(2));
    expect(() => gradient(() => ({ loss: loss as Tensor }))({ weight: weight.tensor }, undefined)).toThrow(
      'overSlices: expected a body that gives its gradients itself',
    );
  });
});
