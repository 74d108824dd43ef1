import { readFileSync } from 'node:fs';

import { describe, expect, it } from 'vitest';

import {
  attention,
  crossEntropy,
  gather,
  gelu,
  gradients,
  layerNorm,
  logSoftmax,
  mul,
  reduceSum,
  scalar,
  softmax,
  type Tensor,
  transpose,
  where,
} from '../src/index.js';
import { expectClose } from './support/expect-close.js';
import { type Fed, fed } from './support/fed-input.js';
import { run } from './support/run-graph.js';

interface StoredValues {
  readonly shape: number[];
  readonly values: number[];
  readonly dtype?: 'float32' | 'int64' | 'bool';
}

interface OracleCase {
  readonly name: string;
  readonly op: string;
  readonly attributes: { epsilon?: number; axis?: number; labelSmoothing?: number; scale?: number };
  readonly inputs: Record<string, StoredValues>;
  readonly output: StoredValues;
  readonly cotangent: StoredValues;
  readonly gradients: Record<string, StoredValues>;
}

const oracle = JSON.parse(readFileSync(new URL('oracles/ops.json', import.meta.url), 'utf8')) as {
  cases: OracleCase[];
};

type Inputs = Readonly<Record<string, Tensor>>;
type Build = (inputs: Inputs, attributes: OracleCase['attributes']) => Tensor;

const get = (inputs: Inputs, name: string): Tensor => {
  const tensor = inputs[name];
  if (!tensor) throw new RangeError(`the oracle has no input "${name}"`);
  return tensor;
};

/** Ours work along the last axis; another one is brought there and back. */
function alongAxis(f: (x: Tensor) => Tensor, x: Tensor, axis: number): Tensor {
  const lastAxis = x.shape.length - 1;
  if (axis === -1 || axis === lastAxis) return f(x);
  const swapped = x.shape.map((_, i) => (i === axis ? lastAxis : i === lastAxis ? axis : i));
  return transpose(f(transpose(x, swapped)), swapped);
}

/** PyTorch's functions in ours. */
const builds: Readonly<Record<string, Build>> = {
  layer_norm: (inputs, { epsilon = NaN }) =>
    layerNorm(get(inputs, 'x'), get(inputs, 'weight'), get(inputs, 'bias'), epsilon),
  gelu: (inputs) => gelu(get(inputs, 'x')),
  softmax: (inputs, { axis = -1 }) => alongAxis(softmax, get(inputs, 'x'), axis),
  log_softmax: (inputs, { axis = -1 }) => alongAxis(logSoftmax, get(inputs, 'x'), axis),
  cross_entropy: (inputs, { labelSmoothing = 0 }) =>
    crossEntropy(get(inputs, 'logits'), get(inputs, 'labels'), labelSmoothing),
  scaled_dot_product_attention: (inputs, { scale = NaN }) => {
    const bias = inputs['mask'] && where(inputs['mask'], scalar(0), scalar(-1e9));
    return attention(get(inputs, 'query'), get(inputs, 'key'), get(inputs, 'value'), { scale, bias });
  },
  embedding: (inputs) => gather(get(inputs, 'weight'), get(inputs, 'ids')),
};

const toFed = (name: string, { shape, values, dtype = 'float32' }: StoredValues): Fed =>
  fed(name, shape, values, { dtype });

/** Where x lies far from 0, float32's rounding of x − mean, not the method, is what shows: 20 · 6e-8 over a spread of 0.5. */
const toleranceOf = (name: string): number => (name.includes('mean far from zero') ? 2e-5 : 2e-6);

describe('values and gradients are PyTorch’s for', () => {
  it.each(oracle.cases.map((one) => [one.name, one] as const))('%s', async (name, one) => {
    const inputs = Object.entries(one.inputs).map(([key, stored]) => toFed(key, stored));
    const cotangent = toFed('cotangent', one.cotangent);
    const tensors = Object.fromEntries(inputs.map((input) => [input.name, input.tensor]));
    const output = builds[one.op]?.(tensors, one.attributes);
    if (!output) expect.fail(`no function of ours stands for ${one.op}`);
    const by = Object.keys(one.gradients);
    const results = gradients(
      reduceSum(mul(output, cotangent.tensor)),
      by.map((key) => get(tensors, key)),
    );
    const named = Object.fromEntries(by.map((key, i) => [`gradient.${key}`, results[i] as Tensor])); // one a name
    const actual = await run([...inputs, cotangent], { output, ...named });
    const tolerance = toleranceOf(name);
    expectClose(actual['output'] ?? [], one.output.values, { tolerance, label: 'output' });
    for (const [key, { values }] of Object.entries(one.gradients)) {
      expectClose(actual[`gradient.${key}`] ?? [], values, { tolerance, label: `gradient by ${key}` });
    }
  });
});
