import { encodeModel } from '@marquee/onnx';
import { type Session, Tensor as RuntimeTensor } from '@marquee/model-core';
import { describe, expect, it } from 'vitest';

import {
  adamW,
  add,
  clipFactor,
  crossEntropy,
  dropout,
  gelu,
  globalNorm,
  gradient,
  type Graph,
  input,
  linear,
  type LoopOptions,
  schedule,
  type Tensors,
  toLoopGraphProto,
  toModelProto,
} from '../src/index.js';
import { createUniform, numbersOf } from './support/fed-input.js';
import { withSession } from './support/run-graph.js';

const STEPS = 4;
const [ROWS, IN, HIDDEN, CLASSES] = [6, 5, 8, 2];
const shapes: Readonly<Record<string, number[]>> = {
  'hidden.weight': [HIDDEN, IN],
  'hidden.bias': [HIDDEN],
  'out.weight': [CLASSES, HIDDEN],
  'out.bias': [CLASSES],
};
const stateNames = ['', 'first.', 'second.'].flatMap((prefix) => Object.keys(shapes).map((name) => prefix + name));

const declare = (prefix: string): Tensors =>
  Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [name, input(prefix + name, 'float32', shape)]));
const rename = (tensors: Tensors, prefix: string): Tensors =>
  Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [prefix + name, tensor]));

/** One AdamW step of a network with one hidden layer and dropout. */
function trainingGraph(): Graph {
  const parameters = declare('');
  const [firstMoments, secondMoments] = [declare('first.'), declare('second.')];
  const step = input('step', 'float64', []);
  const x = input('x', 'float32', ['batch', IN]);
  const labels = input('labels', 'int64', ['batch']);
  const mask = input('mask', 'float32', ['batch', HIDDEN]);
  const { outputs, gradients } = gradient((p: Tensors) => {
    const layer = (name: string, from: typeof x) =>
      linear(from, p[`${name}.weight`] ?? from, p[`${name}.bias`] ?? from); // both are declared above
    return { loss: crossEntropy(layer('out', dropout(gelu(layer('hidden', x)), mask)), labels, 0.1) };
  })(parameters, undefined);
  const learningRate = schedule(step, { kind: 'linear', warmupSteps: 2, totalSteps: 10 });
  const next = adamW(
    {
      ...{ parameters, firstMoments, secondMoments, gradients, step, learningRate },
      gradientFactor: clipFactor(globalNorm(gradients), 0.5),
    },
    { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, group: () => ({ weightDecay: 0.01, learningRateFactor: 0.05 }) },
  );
  return {
    name: 'step',
    inputs: [...[parameters, firstMoments, secondMoments].flatMap((all) => Object.values(all)), step, x, labels, mask],
    outputs: {
      ...rename(next.parameters, 'next.'),
      ...rename(next.firstMoments, 'next.first.'),
      ...rename(next.secondMoments, 'next.second.'),
      'next.step': add(step, 1),
      loss: outputs.loss,
    },
  };
}

const uniform = createUniform(300);
const random = (shape: readonly number[], draw: () => number = () => uniform() - 0.5): RuntimeTensor => {
  const size = shape.reduce((product, dim) => product * dim, 1);
  return new RuntimeTensor('float32', Float32Array.from({ length: size }, draw), shape);
};
const initial: Readonly<Record<string, RuntimeTensor>> = {
  ...Object.fromEntries(stateNames.map((name) => [name, random(shapes[name.replace(/^(first|second)\./, '')] ?? [])])),
  ...Object.fromEntries(
    Object.entries(shapes).map(([name, shape]) => [`second.${name}`, random(shape, () => uniform() * 0.01)]),
  ),
  step: new RuntimeTensor('float64', Float64Array.of(0), []),
};
const batches = Array.from({ length: STEPS }, () => ({
  x: random([ROWS, IN]),
  labels: new RuntimeTensor(
    'int64',
    BigInt64Array.from({ length: ROWS }, () => (uniform() < 0.5 ? 0n : 1n)),
    [ROWS],
  ),
  mask: random([ROWS, HIDDEN], () => (uniform() < 0.3 ? 0 : 1 / 0.7)),
}));

/** The batches as one tensor a name, with a leading axis. */
function stack(name: 'x' | 'labels' | 'mask'): RuntimeTensor {
  const parts = batches.map((batch) => batch[name]);
  const dims = [STEPS, ...(parts[0]?.dims ?? [])];
  if (name === 'labels') {
    return new RuntimeTensor(
      'int64',
      BigInt64Array.from(parts.flatMap((part) => [...(part.data as BigInt64Array)])),
      dims,
    );
  }
  return new RuntimeTensor('float32', Float32Array.from(parts.flatMap(numbersOf)), dims);
}

const carried = Object.fromEntries([...stateNames, 'step'].map((name) => [name, `next.${name}`]));
const loopModel = (options: LoopOptions): Uint8Array =>
  encodeModel(toModelProto(toLoopGraphProto(trainingGraph(), options)));

async function singleSteps(session: Session): Promise<{ state: Record<string, RuntimeTensor>; losses: number[] }> {
  const state = { ...initial };
  const losses: number[] = [];
  for (const batch of batches) {
    const outputs = await session.run({ ...state, ...batch });
    for (const name of Object.keys(state)) state[name] = outputs[`next.${name}`] as RuntimeTensor; // one a name
    losses.push(...numbersOf(outputs['loss']));
  }
  return { state, losses };
}

describe('a loop of K training steps', () => {
  it('equals K single steps bit for bit', async () => {
    const single = await withSession(trainingGraph(), singleSteps);
    const model = loopModel({ iterations: STEPS, carried, stacked: ['x', 'labels', 'mask'] });
    const feeds = { ...initial, x: stack('x'), labels: stack('labels'), mask: stack('mask') };
    const looped = await withSession(model, (session) => session.run(feeds));
    expect(numbersOf(looped['loss'])).toEqual(single.losses);
    for (const [name, tensor] of Object.entries(single.state)) {
      expect(numbersOf(looped[`next.${name}`]), name).toEqual(numbersOf(tensor));
      if (name !== 'step') expect(numbersOf(tensor), name).not.toEqual(numbersOf(initial[name]));
    }
  });

  it('feeds the same value to every iteration where an input is not stacked', async () => {
    const model = loopModel({ iterations: STEPS, carried, stacked: ['labels', 'mask'] });
    const [batch] = batches;
    const feeds = { ...initial, x: batch?.x as RuntimeTensor, labels: stack('labels'), mask: stack('mask') };
    const looped = await withSession(model, (session) => session.run(feeds));
    expect(looped['loss']?.dims).toEqual([STEPS]);
    expect(numbersOf(looped['next.step'])).toEqual([STEPS]);
  });

  it('refuses a name that stands for two things', () => {
    const [x, y] = [input('x', 'float32', [2]), input('x_iteration', 'float32', [2])];
    const graph: Graph = { name: 'sum', inputs: [x, y], outputs: { next: add(x, y) } };
    const refused = (options: Omit<LoopOptions, 'iterations'>, name: string): void => {
      const write = (): unknown => toLoopGraphProto(graph, { iterations: 2, ...options });
      expect(write).toThrow(expect.objectContaining({ code: 'DUPLICATE_NAME' }));
      expect(write).toThrow(`loop: expected distinct names, got "${name}" twice`);
    };
    refused({ carried: { x: 'next', x_iteration: 'next' }, stacked: [] }, 'next');
    refused({ carried: { x: 'next' }, stacked: ['x'] }, 'x_iteration');
    refused({ carried: {}, stacked: ['x_iteration', 'x_iteration'] }, 'x_iteration');
    refused({ carried: {}, stacked: ['x'] }, 'x_iteration');
  });

  it('refuses a fraction of an iteration', () => {
    const write = (): unknown => toLoopGraphProto(trainingGraph(), { iterations: 1.5, carried, stacked: [] });
    expect(write).toThrow(expect.objectContaining({ code: 'INVALID_ATTRIBUTE' }));
    expect(write).toThrow('loop: expected sizes that are natural numbers, got 1.5');
  });

  it('refuses names that the graph does not have', () => {
    const options = { iterations: 2, carried: {}, stacked: [] };
    expect(() => toLoopGraphProto(trainingGraph(), { ...options, stacked: ['y'] })).toThrow(
      'expected "y" among the graph\'s inputs',
    );
    expect(() => toLoopGraphProto(trainingGraph(), { ...options, carried: { step: 'last' } })).toThrow(
      'expected "last" among the graph\'s outputs',
    );
  });
});
