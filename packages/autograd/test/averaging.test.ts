import { Tensor as RuntimeTensor } from '@marquee/model-core';
import { describe, expect, it } from 'vitest';

import { averageParameters, type Graph, input } from '../src/index.js';
import { numbersOf } from './support/fed-input.js';
import { withSession } from './support/run-graph.js';

const graph = (decay: number): Graph => {
  const average = input('average', 'float32', [2]);
  const parameter = input('parameter', 'float32', [2]);
  const step = input('step', 'float64', []);
  const next = averageParameters({ averages: { w: average }, parameters: { w: parameter }, step }, decay);
  return { name: 'average', inputs: [average, parameter, step], outputs: { next: next['w'] ?? average } };
};

/** The averages of a parameter that takes these values, one an update, from a start of 1 and −1. */
async function follow(decay: number, values: readonly (readonly [number, number])[]): Promise<number[][]> {
  return withSession(graph(decay), async (session) => {
    const averages: number[][] = [[1, -1]];
    for (const [step, value] of values.entries()) {
      const { next } = await session.run({
        average: new RuntimeTensor('float32', Float32Array.from(averages.at(-1) ?? []), [2]),
        parameter: new RuntimeTensor('float32', Float32Array.from(value), [2]),
        step: new RuntimeTensor('float64', Float64Array.of(step), []),
      });
      averages.push(numbersOf(next));
    }
    return averages.slice(1);
  });
}

describe('the moving average of parameters', () => {
  it('follows TensorFlow’s rule, whose decay grows with the updates', async () => {
    const values = Array.from({ length: 30 }, (_, i) => [Math.sin(i), i / 7] as const);
    let expected = [1, -1];
    const decays: number[] = [];
    const averages = await follow(0.7, values);
    values.forEach((value, updates) => {
      const decay = Math.min(0.7, (1 + updates) / (10 + updates));
      decays.push(decay);
      expected = expected.map((average, i) => decay * average + (1 - decay) * (value[i] ?? NaN));
      averages[updates]?.forEach((actual, i) => expect(actual).toBeCloseTo(expected[i] ?? NaN, 5));
    });
    expect(decays[0]).toBe(0.1);
    expect(decays.at(-1)).toBe(0.7);
  });

  it('of decay 0 is the parameter itself', async () => {
    expect(await follow(0, [[3, 0.25]])).toEqual([[3, 0.25]]);
  });
});
