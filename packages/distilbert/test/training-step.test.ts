import { Tensor } from '@marquee/model-core';
import { describe, expect, it } from 'vitest';

import {
  accumulationStep,
  firstMoment,
  gradientOf,
  gradientStep,
  nextValue,
  type OptimizerOptions,
  parameterShapes,
  secondMoment,
  trainingStep,
  updateStep,
} from '../src/index.js';
import {
  config,
  int64,
  int64Vector,
  isRoundingOnly,
  labels,
  oracle,
  parameters,
  relativeError,
  run,
  tokens,
  valuesOf,
} from './support.js';

const names = [...parameterShapes(config).keys()];
const zerosLike = (tensor: Tensor): Tensor => new Tensor('float32', new Float32Array(tensor.size), tensor.dims);

/** Four sequences of equal length, in two halves. */
const ids = [
  [3, 7, 1, 4, 9],
  [3, 2, 8, 8, 5],
  [3, 11, 6, 2, 1],
  [3, 5, 12, 7, 10],
];
const classes = [1, 0, 0, 1];
const unpadded = { labelSmoothing: 0.1, padded: false };
const batch = (from: number, to: number) => ({
  input_ids: int64(ids.slice(from, to)),
  labels: int64Vector(classes.slice(from, to)),
});

/** The largest relative difference over tensors; key biases, whose gradients are rounding alone, by their size. */
function expectEqualGradients(
  actual: Record<string, Tensor>,
  expected: Record<string, Tensor>,
  rename = gradientOf,
): void {
  for (const name of names) {
    const [ours, theirs] = [valuesOf(actual[rename(name)]), valuesOf(expected[gradientOf(name)])];
    if (isRoundingOnly(name)) expect(Math.max(...ours.map(Math.abs)), name).toBeLessThan(1e-6);
    else expect(relativeError(ours, theirs), name).toBeLessThan(1e-5);
  }
}

describe('gradient accumulation', () => {
  it('over two micro-batches gives the gradient of both in one batch', async () => {
    const whole = await run(gradientStep(config, unpadded), { ...parameters, ...batch(0, 4) });
    const graph = accumulationStep(config, unpadded, 2);
    let sums = Object.fromEntries(names.map((name) => [gradientOf(name), zerosLike(parameters[name] as Tensor)]));
    const losses: number[] = [];
    for (const half of [batch(0, 2), batch(2, 4)]) {
      const outputs = await run(graph, { ...parameters, ...sums, ...half });
      sums = Object.fromEntries(Object.keys(sums).map((name) => [name, outputs[nextValue(name)] as Tensor])); // one a name
      losses.push(...valuesOf(outputs['loss']));
    }
    expectEqualGradients(sums, whole);
    expect(relativeError([((losses[0] ?? NaN) + (losses[1] ?? NaN)) / 2], valuesOf(whole['loss']))).toBeLessThan(1e-6);
  });

  it('followed by the update is the training step', async () => {
    const optimizer: OptimizerOptions = {
      ...{ learningRate: 1e-3, schedule: { kind: 'linear', warmupSteps: 2, totalSteps: 10 }, weightDecay: 0.01 },
      ...{ beta1: 0.9, beta2: 0.999, epsilon: 1e-8, maxGradNorm: 1 },
    };
    const state = Object.fromEntries(
      names.flatMap((name) => {
        const parameter = parameters[name] as Tensor; // one a name
        const moment = Float32Array.from(parameter.data as Float32Array, (value) => Math.abs(value) * 0.01);
        const tensor = new Tensor('float32', moment, parameter.dims);
        return [
          [name, parameter] as const,
          [firstMoment(name), tensor] as const,
          [secondMoment(name), tensor] as const,
        ];
      }),
    );
    const step = new Tensor('float64', Float64Array.of(3), []);
    const together = await run(trainingStep(config, unpadded, optimizer), { ...state, ...batch(0, 4), step });
    const gradients = await run(gradientStep(config, unpadded), { ...parameters, ...batch(0, 4) });
    const { loss: _loss, logits: _logits, ...named } = gradients;
    const apart = await run(updateStep(config, optimizer), { ...state, ...named, step });
    expect(Object.keys(apart).sort()).toEqual(
      Object.keys(together)
        .filter((name) => name !== 'loss')
        .sort(),
    );
    for (const name of Object.keys(apart)) {
      expect(relativeError(valuesOf(apart[name]), valuesOf(together[name])), name).toBeLessThan(1e-5);
    }
    expect(valuesOf(together['learning_rate'])[0]).toBeCloseTo(1e-3 * (7 / 8), 12);
  });
});

describe('a step without a mask', () => {
  it('is the step with a mask that hides nothing', async () => {
    const plain = await run(gradientStep(config, unpadded), { ...parameters, ...batch(0, 4) });
    const ones = int64(ids.map((row) => row.map(() => 1)));
    const masked = await run(gradientStep(config, { ...unpadded, padded: true }), {
      ...{ ...parameters, ...batch(0, 4), attention_mask: ones },
    });
    expectEqualGradients(masked, plain);
    expect(relativeError(valuesOf(masked['logits']), valuesOf(plain['logits']))).toBeLessThan(1e-6);
  });
});

describe('label smoothing', () => {
  it('mixes the loss with the mean over the classes', async () => {
    const smoothing = 0.2;
    const feeds = { ...parameters, ...tokens, labels };
    const outputs = await run(gradientStep(config, { labelSmoothing: smoothing, padded: true }), feeds);
    const rows = oracle.batch.labels.map((label, row) => {
      const logits = oracle.logits[row] ?? [];
      const logSum = Math.log(logits.reduce((sum, value) => sum + Math.exp(value), 0));
      const losses = logits.map((value) => logSum - value);
      const mean = losses.reduce((sum, value) => sum + value, 0) / losses.length;
      return (1 - smoothing) * (losses[label] ?? NaN) + smoothing * mean;
    });
    const expected = rows.reduce((sum, value) => sum + value, 0) / rows.length;
    expect(relativeError(valuesOf(outputs['loss']), [expected])).toBeLessThan(1e-5);
    expect(expected).not.toBeCloseTo(oracle.loss, 2);
  });

  it('has the gradient mean(softmax − target) by the classifier’s bias', async () => {
    const outputs = await run(gradientStep(config, { labelSmoothing: 0.2, padded: true }), {
      ...parameters,
      ...tokens,
      labels,
    });
    const expected = [0, 0];
    oracle.batch.labels.forEach((label, row) => {
      const exps = (oracle.logits[row] ?? []).map(Math.exp);
      const sum = exps.reduce((total, value) => total + value, 0);
      exps.forEach((value, k) => {
        expected[k] = (expected[k] ?? NaN) + (value / sum - (k === label ? 0.8 : 0) - 0.1) / oracle.batch.labels.length;
      });
    });
    expect(relativeError(valuesOf(outputs[gradientOf('classifier.bias')]), expected)).toBeLessThan(1e-5);
  });
});
