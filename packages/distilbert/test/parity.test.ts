import { readFileSync } from 'node:fs';

import { type Graph, toModel } from '@marquee/autograd';
import { createSession, Tensor } from '@marquee/model-core';
import { decodeSafetensors, toFloat32 } from '@marquee/safetensors';
import { describe, expect, it } from 'vitest';

import {
  evaluationGraph,
  firstMoment,
  gradientOf,
  gradientStep,
  importWeights,
  inferenceModel,
  nextValue,
  parseConfig,
  secondMoment,
  trainingStep,
} from '../src/index.js';

const read = (name: string): Buffer => readFileSync(new URL(`oracles/${name}`, import.meta.url));
const oracle = JSON.parse(read('tiny.json').toString()) as {
  config: unknown;
  files: Record<'weights' | 'gradients' | 'trained', string>;
  batch: { inputIds: number[][]; attentionMask: number[][]; labels: number[] };
  optimizer: { steps: number; learningRate: number; betas: [number, number]; epsilon: number; weightDecay: number; maxGradNorm: number };
  logits: number[][];
  loss: number;
  losses: number[];
  gradientNorms: number[];
};
const config = parseConfig(oracle.config);
const { weights } = importWeights(decodeSafetensors(read(oracle.files.weights)).tensors, config);
const recorded = (name: keyof typeof oracle.files): Map<string, Float32Array> =>
  new Map([...decodeSafetensors(read(oracle.files[name])).tensors].map(([key, stored]) => [key, toFloat32(stored)]));

const int64 = (rows: number[][]): Tensor =>
  new Tensor('int64', BigInt64Array.from(rows.flat(), BigInt), [rows.length, rows[0]?.length ?? 0]);
const tokens = { input_ids: int64(oracle.batch.inputIds), attention_mask: int64(oracle.batch.attentionMask) };
const labels = new Tensor('int64', BigInt64Array.from(oracle.batch.labels, BigInt), [oracle.batch.labels.length]);
const parameters = Object.fromEntries([...weights].map(([name, { data, shape }]) => [name, new Tensor('float32', data, shape)]));

async function run(graph: Graph | Uint8Array, feeds: Record<string, Tensor>): Promise<Record<string, Tensor>> {
  const session = await createSession(graph instanceof Uint8Array ? graph : toModel(graph), { intraOpThreads: 1 });
  try {
    return await session.run(feeds);
  } finally {
    await session.release();
  }
}

const valuesOf = (tensor: Tensor | undefined): number[] => Array.from(tensor?.data as Float32Array);

/**
 * Softmax does not change when all the scores of a row grow alike, so the gradient of a key bias is 0: what either side computes is rounding, which
 * AdamW then normalizes into steps. PyTorch in float32 differs from its own float64 there as much.
 */
const isRoundingOnly = (name: string): boolean => name.endsWith('k_lin.bias');

/** Largest difference relative to the largest recorded value: one scale a tensor, since single elements may be near 0. */
function relativeError(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  expect(actual.length).toBe(expected.length);
  let scale = 0;
  let difference = 0;
  for (let i = 0; i < expected.length; i += 1) {
    scale = Math.max(scale, Math.abs(expected[i] as number));
    difference = Math.max(difference, Math.abs((actual[i] as number) - (expected[i] as number)));
  }
  return difference / Math.max(scale, 1e-6);
}

describe('DistilBERT beside PyTorch and transformers', () => {
  it('gives the recorded logits to 1e-5, from weights fed and from weights inside the file', async () => {
    const fed = await run(evaluationGraph(config), { ...parameters, ...tokens });
    const inside = await run(inferenceModel(config, weights), tokens);
    for (const { logits } of [fed, inside]) {
      valuesOf(logits).forEach((value, i) => expect(Math.abs(value - (oracle.logits.flat()[i] ?? NaN))).toBeLessThan(1e-5));
    }
  });

  it('gives the recorded loss and every gradient to 1e-4', async () => {
    const outputs = await run(gradientStep(config, { labelSmoothing: 0, padded: true }), { ...parameters, ...tokens, labels });
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
      const outputs = await session.run({ ...state, ...tokens, labels, step: new Tensor('float64', Float64Array.of(step), []) });
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
