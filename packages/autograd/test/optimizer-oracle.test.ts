import { readFileSync } from 'node:fs';

import { Tensor as RuntimeTensor } from '@marquee/model-core';
import { describe, expect, it } from 'vitest';

import {
  accumulate,
  adamW,
  clipFactor,
  globalNorm,
  type Graph,
  input,
  mul,
  type ParameterGroup,
  schedule,
  type ScheduleKind,
  type Tensor,
  type Tensors,
} from '../src/index.js';
import { expectClose } from './support/expect-close.js';
import { fed, numbersOf } from './support/fed-input.js';
import { run, withSession } from './support/run-graph.js';

interface Run {
  readonly factors: number[];
  readonly learningRates: number[][];
  readonly gradientNorms: number[];
  readonly parameters: number[][][];
}

const oracle = JSON.parse(readFileSync(new URL('oracles/adamw.json', import.meta.url), 'utf8')) as {
  steps: number;
  warmupSteps: number;
  maxGradNorm: number;
  betas: [number, number];
  epsilon: number;
  groups: { learningRate: number; weightDecay: number; parameters: string[] }[];
  parameters: { name: string; shape: number[]; initial: number[] }[];
  gradients: number[][][];
  runs: Record<'constant' | 'linear' | 'cosine' | 'constant_with_warmup', Run>;
};

const baseRate = oracle.groups[0]?.learningRate ?? NaN;

function groupOf(name: string): ParameterGroup {
  const group = oracle.groups.find(({ parameters }) => parameters.includes(name));
  if (!group) throw new RangeError(`the oracle has no group for "${name}"`);
  return { weightDecay: group.weightDecay, learningRateFactor: group.learningRate / baseRate };
}

const declare = (prefix: string): Tensors =>
  Object.fromEntries(oracle.parameters.map(({ name, shape }) => [name, input(`${prefix}${name}`, 'float32', shape)]));

/** One update: inputs `p.`, `m.`, `v.` and `g.` of each parameter and `step`; outputs the next `p.`, `m.` and `v.`. */
function updateGraph(kind: ScheduleKind, warmupSteps: number): Graph {
  const [parameters, firstMoments, secondMoments, gradients] = ['p.', 'm.', 'v.', 'g.'].map(declare) as [
    Tensors,
    Tensors,
    Tensors,
    Tensors,
  ]; // one a prefix
  const step = input('step', 'float64', []);
  const norm = globalNorm(gradients);
  const learningRate = mul(schedule(step, { kind, warmupSteps, totalSteps: oracle.steps }), baseRate);
  const next = adamW(
    {
      ...{ parameters, firstMoments, secondMoments, gradients, step, learningRate },
      gradientFactor: clipFactor(norm, oracle.maxGradNorm),
    },
    { beta1: oracle.betas[0], beta2: oracle.betas[1], epsilon: oracle.epsilon, group: groupOf },
  );
  const rename = (tensors: Tensors, prefix: string): Tensors =>
    Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [`next.${prefix}${name}`, tensor]));
  return {
    name: 'update',
    inputs: [parameters, firstMoments, secondMoments, gradients].flatMap((all) => Object.values(all)).concat(step),
    outputs: {
      ...rename(next.parameters, 'p.'),
      ...rename(next.firstMoments, 'm.'),
      ...rename(next.secondMoments, 'v.'),
      norm,
      learning_rate: learningRate,
    },
  };
}

const float = (values: readonly number[], shape: readonly number[]): RuntimeTensor =>
  new RuntimeTensor('float32', Float32Array.from(values), shape);

function initialState(): Record<string, RuntimeTensor> {
  const state: Record<string, RuntimeTensor> = {};
  for (const { name, shape, initial } of oracle.parameters) {
    state[`p.${name}`] = float(initial, shape);
    for (const moment of ['m', 'v']) state[`${moment}.${name}`] = float(Array<number>(initial.length).fill(0), shape);
  }
  return state;
}

const schedules: readonly (readonly [keyof typeof oracle.runs, ScheduleKind, number])[] = [
  ['constant', 'constant', 0],
  ['constant_with_warmup', 'constant', oracle.warmupSteps],
  ['linear', 'linear', oracle.warmupSteps],
  ['cosine', 'cosine', oracle.warmupSteps],
];

describe('AdamW with clipping and two groups', () => {
  it.each(schedules)('makes PyTorch’s 20 steps under the schedule %s', async (name, kind, warmupSteps) => {
    const recorded = oracle.runs[name];
    const state = initialState();
    await withSession(updateGraph(kind, warmupSteps), async (session) => {
      for (let step = 0; step < oracle.steps; step += 1) {
        const gradients = oracle.parameters.map(
          ({ name: parameter, shape }, i) =>
            [`g.${parameter}`, float(oracle.gradients[step]?.[i] ?? [], shape)] as const,
        );
        const stepTensor = new RuntimeTensor('float64', Float64Array.of(step), []);
        const outputs = await session.run({ ...state, ...Object.fromEntries(gradients), step: stepTensor });
        const label = `step ${step}`;
        const rates = recorded.learningRates[step]?.slice(0, 1) ?? [];
        expectClose(numbersOf(outputs['learning_rate']), rates, { tolerance: 1e-12, leastScale: 1e-12, label });
        const norm = [recorded.gradientNorms[step] ?? NaN];
        expectClose(numbersOf(outputs['norm']), norm, { tolerance: 1e-6, leastScale: 1e-12, label });
        for (const key of Object.keys(state)) state[key] = outputs[`next.${key}`] as RuntimeTensor; // one a key
        oracle.parameters.forEach(({ name: parameter }, i) => {
          const expected = recorded.parameters[step]?.[i] ?? [];
          expectClose(numbersOf(state[`p.${parameter}`]), expected, {
            tolerance: 1e-6,
            label: `${label} ${parameter}`,
          });
        });
      }
    });
  });

  it('asks for the moments of every gradient', () => {
    const [x, step] = [input('x', 'float32', [2]), input('step', 'float64', [])];
    const state = { parameters: { x }, firstMoments: {}, secondMoments: { x }, gradients: { x } };
    const update = { ...state, step, learningRate: step, gradientFactor: input('factor', 'float32', []) };
    const group = () => ({ weightDecay: 0, learningRateFactor: 1 });
    expect(() => adamW(update, { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, group })).toThrow('parameter "x"');
  });
});

describe('a schedule', () => {
  const factors = async (kind: ScheduleKind, steps: readonly number[], warmupSteps: number, totalSteps: number) => {
    const step = fed('step', [steps.length], steps, { dtype: 'float64' });
    return (await run([step], { factor: schedule(step.tensor, { kind, warmupSteps, totalSteps }) }))['factor'];
  };

  it('starts at 1 without warm-up', async () => {
    for (const kind of ['linear', 'cosine', 'constant'] as const) {
      expect((await factors(kind, [0, 1], 0, 10))?.[0]).toBe(1);
    }
  });

  it('grows from 0 to 1 over the warm-up', async () => {
    expect(await factors('linear', [0, 1, 2, 3, 4], 4, 8)).toEqual([0, 0.25, 0.5, 0.75, 1]);
  });

  it('stays at 0 past the end', async () => {
    expect(await factors('linear', [8, 9, 20], 4, 8)).toEqual([0, 0, 0]);
    expect((await factors('cosine', [8], 4, 8))?.[0]).toBe(0);
  });

  it('is defined when the warm-up is all there is', async () => {
    expect(await factors('linear', [0, 1, 2], 2, 2)).toEqual([0, 0.5, 1]);
  });
});

describe('clipping by global norm', () => {
  const norms: readonly (readonly [number[], number])[] = [
    [[3, 4], 1 / (5 + 1e-6)],
    [[0.3, 0.4], 1],
    [[0, 0], 1],
  ];
  it.each(norms)('of %j multiplies by %f', async (values, expected) => {
    const [a, b] = [fed('a', [1], values.slice(0, 1)), fed('b', [], values.slice(1))];
    const factor = clipFactor(globalNorm({ a: a.tensor, b: b.tensor }), 1);
    expectClose((await run([a, b], { factor }))['factor'] ?? [], [expected], { tolerance: 1e-7 });
  });
});

it('accumulation adds each micro-batch’s share', async () => {
  const [sum, gradient] = [fed('sum', [2], [1, 2]), fed('gradient', [2], [4, 8])];
  const { x } = accumulate({ x: sum.tensor }, { x: gradient.tensor }, 4);
  expect(await run([sum, gradient], { x: x as Tensor })).toEqual({ x: [2, 4] });
});
