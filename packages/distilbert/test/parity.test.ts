import { toModel } from '@marquee/autograd';
import { createSession, Tensor } from '@marquee/model-core';
import { describe, expect, it } from 'vitest';

import {
  evaluationGraph,
  firstMoment,
  gradientOf,
  gradientStep,
  inferenceModel,
  nextValue,
  secondMoment,
  trainingStep,
} from '../src/index.js';
import {
  config,
  isRoundingOnly,
  labels,
  oracle,
  parameters,
  recorded,
  relativeError,
  run,
  tokens,
  valuesOf,
  weights,
} from './support.js';

describe('DistilBERT beside PyTorch and transformers', () => {
  it('gives the recorded logits to 1e-5, from weights fed and from weights inside the file', async () => {
    const fed = await run(evaluationGraph(config), { ...parameters, ...tokens });
    const inside = await run(inferenceModel(config, weights), tokens);
    for (const { logits } of [fed, inside]) {
      valuesOf(logits).forEach((value, i) =>
        expect(Math.abs(value - (oracle.logits.flat()[i] ?? NaN))).toBeLessThan(1e-5),
      );
    }
  });

  it('gives the recorded loss and every gradient to 1e-4', async () => {
    const outputs = await run(gradientStep(config, { labelSmoothing: 0, padded: true }), {
      ...parameters,
      ...tokens,
      labels,
    });
    expect(Math.abs((valuesOf(outputs['loss'])[0] ?? NaN) - oracle.loss)).toBeLessThan(1e-5);
    for (const [name, expected] of recorded('gradients')) {
      const actual = valuesOf(outputs[gradientOf(name)]);
      if (isRoundingOnly(name)) expect(Math.max(...actual.map(Math.abs)), name).toBeLessThan(1e-6);
      else expect(relativeError(actual, expected), name).toBeLessThan(1e-4);
    }
  });

  it('gives every weight after ten AdamW steps to 1e-4', async () => {
    const { steps, learningRate, betas, epsilon, weightDecay, maxGradNorm } = oracle.optimizer;
    const graph = trainingStep(
      config,
      { labelSmoothing: 0, padded: true },
      {
        learningRate,
        schedule: { kind: 'constant', warmupSteps: 0, totalSteps: steps },
        weightDecay,
        beta1: betas[0],
        beta2: betas[1],
        epsilon,
        maxGradNorm,
      },
    );
    const session = await createSession(toModel(graph), { intraOpThreads: 1 });
    const state: Record<string, Tensor> = { ...parameters };
    for (const [name, { data, shape }] of weights) {
      state[firstMoment(name)] = new Tensor('float32', new Float32Array(data.length), shape);
      state[secondMoment(name)] = new Tensor('float32', new Float32Array(data.length), shape);
    }
    for (let step = 0; step < steps; step += 1) {
      const outputs = await session.run({
        ...state,
        ...tokens,
        labels,
        step: new Tensor('float64', Float64Array.of(step), []),
      });
      for (const name of Object.keys(state)) state[name] = outputs[nextValue(name)] as Tensor;
      expect(Math.abs((valuesOf(outputs['loss'])[0] ?? NaN) - (oracle.losses[step] ?? NaN))).toBeLessThan(1e-4);
      expect(valuesOf(outputs['gradient_norm'])[0]).toBeCloseTo(oracle.gradientNorms[step] ?? NaN, 3);
    }
    await session.release();
    for (const [name, expected] of recorded('trained')) {
      expect(relativeError(valuesOf(state[name]), expected), name).toBeLessThan(isRoundingOnly(name) ? 1e-2 : 1e-4);
    }
  });
});
