import { type Session } from '@marquee/model-core';

import { type Graph, gradients, mul, reduceSum, type Tensor } from '../../src/index.js';
import { expectClose } from './expect-close.js';
import { createUniform, type Fed, fed, numbersOf, runtimeTensor } from './fed-input.js';
import { feedsOf, withSession } from './run-graph.js';

/** A power of two: x ± step and x ± 2 step are exact for inputs on a grid of 2⁻¹⁰. */
const STEP = 2 ** -5;

/**
 * The five-point stencil is off by step⁴/30 of the fifth derivative, 3e-8, and by float32's rounding of the outputs over the step, a few
 * times 1e-6: two orders below this, while a wrong sign or a lost term is two orders above.
 */
const TOLERANCE = 2e-4;

/** Gradients against weights of order 1 are of order 1; below a tenth the rounding of the outputs shows first. */
const LEAST_SCALE = 0.1;

export interface GradientOptions {
  readonly inputs: readonly Fed[];
  /** Names of the inputs to differentiate by; every float32 input when absent. */
  readonly by?: readonly string[];
  readonly tolerance?: number;
}

/**
 * Compares the gradient of Σ weights ⊙ f(inputs) by each input with central differences. The weights are random and fixed, of both signs and never
 * near 0, so that no error can cancel or hide behind a zero.
 */
export async function expectGradients(f: (...tensors: Tensor[]) => Tensor, options: GradientOptions): Promise<void> {
  const { inputs, by, tolerance = TOLERANCE } = options;
  const targets = inputs.filter(({ name, dtype }) => (by ? by.includes(name) : dtype === 'float32'));
  const output = f(...inputs.map(({ tensor }) => tensor));
  await withSession(graphOf(inputs, { output }), async (forward) => {
    const { output: first } = await forward.run(feedsOf(inputs));
    const weights = randomWeights(first?.dims ?? [], output);
    const analytic = await analyticGradients(inputs, targets, weights, output);
    for (const target of targets) {
      const numeric = await centralDifferences(forward, inputs, target, weights.values);
      const label = `gradient by ${target.name}`;
      expectClose(analytic[target.name] ?? [], numeric, { tolerance, leastScale: LEAST_SCALE, label });
    }
  });
}

const graphOf = (inputs: readonly Fed[], outputs: Graph['outputs']): Graph => ({
  name: 'gradient_test',
  inputs: inputs.map(({ tensor }) => tensor),
  outputs,
});

/** Of magnitude 0.5 to 1.5 and either sign. */
function randomWeights(dims: readonly number[], { shape }: Tensor): Fed {
  const uniform = createUniform(977);
  const weight = (): number => (0.5 + uniform()) * (uniform() < 0.5 ? -1 : 1);
  const size = dims.reduce((product, dim) => product * dim, 1);
  return fed('weights', dims, Array.from({ length: size }, weight), { shape });
}

async function analyticGradients(
  inputs: readonly Fed[],
  targets: readonly Fed[],
  weights: Fed,
  output: Tensor,
): Promise<Record<string, number[]>> {
  const loss = reduceSum(mul(output, weights.tensor));
  const values = gradients(
    loss,
    targets.map(({ tensor }) => tensor),
  );
  const named = Object.fromEntries(targets.map(({ name }, i) => [`gradient.${name}`, values[i] as Tensor])); // one a target
  const all = [...inputs, weights];
  const results = await withSession(graphOf(all, named), (session) => session.run(feedsOf(all)));
  return Object.fromEntries(targets.map(({ name }) => [name, numbersOf(results[`gradient.${name}`])]));
}

/** (8 (f(x+h) − f(x−h)) − (f(x+2h) − f(x−2h))) / 12h, with the weighted sum in float64: no rounding but the outputs' own. */
async function centralDifferences(
  session: Session,
  inputs: readonly Fed[],
  target: Fed,
  weights: readonly number[],
): Promise<number[]> {
  const feeds = feedsOf(inputs);
  const lossAt = async (element: number, shift: number): Promise<number> => {
    const values = target.values.map((value, i) => (i === element ? value + shift : value));
    const { output } = await session.run({ ...feeds, [target.name]: runtimeTensor(target.dtype, values, target.dims) });
    return numbersOf(output).reduce((sum, value, i) => sum + value * (weights[i] ?? NaN), 0);
  };
  const slopes: number[] = [];
  for (let element = 0; element < target.values.length; element += 1) {
    const near = (await lossAt(element, STEP)) - (await lossAt(element, -STEP));
    const far = (await lossAt(element, 2 * STEP)) - (await lossAt(element, -2 * STEP));
    slopes.push((8 * near - far) / (12 * STEP));
  }
  return slopes;
}
