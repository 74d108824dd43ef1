import { readFileSync } from 'node:fs';

import { type Graph, toModel } from '@marquee/autograd';
import { createSession, Tensor } from '@marquee/model-core';
import { decodeSafetensors, type StoredTensor, toFloat32 } from '@marquee/safetensors';
import { expect } from 'vitest';

import { type DistilBertConfig, importWeights, parseConfig, type Weights } from '../src/index.js';

const read = (name: string): Buffer => readFileSync(new URL(`oracles/${name}`, import.meta.url));

/** What `oracles/tiny.py` recorded from PyTorch and transformers. */
export const oracle = JSON.parse(read('tiny.json').toString()) as {
  config: Record<string, unknown>;
  files: Record<'weights' | 'gradients' | 'trained', string>;
  batch: { inputIds: number[][]; attentionMask: number[][]; labels: number[] };
  optimizer: {
    steps: number;
    learningRate: number;
    betas: [number, number];
    epsilon: number;
    weightDecay: number;
    maxGradNorm: number;
  };
  logits: number[][];
  lastLayerCls: number[][];
  loss: number;
  losses: number[];
  gradientNorms: number[];
};

export const recorded = (name: keyof typeof oracle.files): Map<string, Float32Array> =>
  new Map([...decodeSafetensors(read(oracle.files[name])).tensors].map(([key, stored]) => [key, toFloat32(stored)]));

/** The recorded checkpoint as it lies in the file: a fresh map each time. */
export const storedWeights = (): Map<string, StoredTensor> => decodeSafetensors(read(oracle.files.weights)).tensors;

export const config: DistilBertConfig = parseConfig(oracle.config);
export const weights: Weights = importWeights(storedWeights(), config).weights;

export const int64 = (rows: readonly (readonly number[])[]): Tensor =>
  new Tensor('int64', BigInt64Array.from(rows.flat(), BigInt), [rows.length, rows[0]?.length ?? 0]);
export const int64Vector = (values: readonly number[]): Tensor =>
  new Tensor('int64', BigInt64Array.from(values, BigInt), [values.length]);

export const tokens = { input_ids: int64(oracle.batch.inputIds), attention_mask: int64(oracle.batch.attentionMask) };
export const labels = int64Vector(oracle.batch.labels);

export const toTensors = (from: Weights): Record<string, Tensor> =>
  Object.fromEntries([...from].map(([name, { data, shape }]) => [name, new Tensor('float32', data, shape)]));
export const parameters = toTensors(weights);

export async function run(
  model: Graph | Uint8Array,
  feeds: Readonly<Record<string, Tensor>>,
): Promise<Record<string, Tensor>> {
  const session = await createSession(model instanceof Uint8Array ? model : toModel(model), { intraOpThreads: 1 });
  try {
    return await session.run(feeds);
  } finally {
    await session.release();
  }
}

export const valuesOf = (tensor: Tensor | undefined): number[] => Array.from(tensor?.data as Float32Array);

/**
 * Softmax does not change when all the scores of a row grow alike, so the gradient of a key bias is 0: what either side computes is rounding,
 * which AdamW then normalizes into steps. PyTorch in float32 differs from its own float64 there as much.
 */
export const isRoundingOnly = (name: string): boolean => name.endsWith('k_lin.bias');

/** Largest difference relative to the largest expected value: one scale a tensor, since single elements may be near 0. */
export function relativeError(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  expect(actual.length).toBe(expected.length);
  let scale = 0;
  let difference = 0;
  for (let i = 0; i < expected.length; i += 1) {
    scale = Math.max(scale, Math.abs(expected[i] ?? NaN));
    difference = Math.max(difference, Math.abs((actual[i] ?? NaN) - (expected[i] ?? NaN)));
  }
  return difference / Math.max(scale, 1e-6);
}
