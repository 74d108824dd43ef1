import { readFileSync } from 'node:fs';

import { toModel } from '@marquee/autograd';
import { createSession, Tensor } from '@marquee/model-core';
import { decodeSafetensors, type StoredTensor, toFloat32 } from '@marquee/safetensors';
import { describe, expect, it } from 'vitest';

import {
  type DropoutSpec,
  dropoutMask,
  exportWeights,
  firstMoment,
  gradientOf,
  importLanguageModel,
  importWeights,
  LANGUAGE_HEAD_PARAMETERS,
  languageModelDropoutSpecs,
  languageModelEvaluation,
  languageModelGradients,
  languageModelShapes,
  languageModelStep,
  nextValue,
  type OptimizerOptions,
  parseConfig,
  secondMoment,
  withNewLanguageHead,
} from '../src/index.js';
import { int64, isRoundingOnly, type oracle as tiny, relativeError, run, toTensors, valuesOf } from './support.js';

const ORACLE = 'masked-language-model';
const read = (name: string): Buffer => readFileSync(new URL(`oracles/${name}`, import.meta.url));
const stored = (name: string): Map<string, StoredTensor> =>
  decodeSafetensors(read(`${ORACLE}${name}.safetensors`)).tensors;
const recorded = (name: string): [string, Float32Array][] =>
  [...stored(name)].map(([parameter, tensor]) => [parameter, toFloat32(tensor)]);

/** What `oracles/masked-language-model.py` recorded from PyTorch and transformers. */
const oracle = JSON.parse(read(`${ORACLE}.json`).toString()) as Pick<
  typeof tiny,
  'config' | 'optimizer' | 'losses' | 'gradientNorms' | 'logits'
> & { batch: { inputIds: number[][]; maskedPositions: number[][]; labels: number[][] } };

const config = parseConfig(oracle.config);
const { weights } = importLanguageModel(stored(''), config);
const { inputIds, maskedPositions, labels } = oracle.batch;
const [sequences, masked, length] = [inputIds.length, maskedPositions[0]?.length ?? 0, inputIds[0]?.length ?? 0];
const rows = maskedPositions.flat().flatMap((position) => inputIds[0]?.map((_, i) => Number(i === position)) ?? []);
const batch = {
  input_ids: int64(inputIds),
  masked_rows: new Tensor('float32', Float32Array.from(rows), [sequences, masked, length]),
  labels: int64(labels),
};

const { learningRate, betas, epsilon, weightDecay, maxGradNorm, steps } = oracle.optimizer;
const optimizer: OptimizerOptions = {
  ...{ learningRate, schedule: { kind: 'constant', warmupSteps: 0, totalSteps: steps }, weightDecay },
  ...{ beta1: betas[0], beta2: betas[1], epsilon, maxGradNorm },
};

describe('the masked language model beside PyTorch and transformers', () => {
  it('gives the recorded logits and loss to 1e-5', async () => {
    const { logits, loss } = await run(languageModelEvaluation(config), { ...toTensors(weights), ...batch });
    valuesOf(logits).forEach((value, i) =>
      expect(Math.abs(value - (oracle.logits.flat()[i] ?? NaN))).toBeLessThan(1e-5),
    );
    expect(Math.abs((valuesOf(loss)[0] ?? NaN) - (oracle.losses[0] ?? NaN))).toBeLessThan(1e-5);
  });

  it('gives every recorded gradient to 1e-4, that of the tied embeddings once', async () => {
    const outputs = await run(languageModelGradients(config), { ...toTensors(weights), ...batch });
    expect(
      recorded('.gradients')
        .map(([name]) => name)
        .sort(),
    ).toEqual([...languageModelShapes(config).keys()].sort());
    for (const [name, expected] of recorded('.gradients')) {
      const actual = valuesOf(outputs[gradientOf(name)]);
      if (isRoundingOnly(name)) expect(Math.max(...actual.map(Math.abs)), name).toBeLessThan(1e-6);
      else expect(relativeError(actual, expected), name).toBeLessThan(1e-4);
    }
  });

  it('gives every weight after ten AdamW steps to 1e-4', async () => {
    const session = await createSession(toModel(languageModelStep(config, optimizer)), { intraOpThreads: 1 });
    const state: Record<string, Tensor> = toTensors(weights);
    for (const [name, { data, shape }] of weights) {
      state[firstMoment(name)] = new Tensor('float32', new Float32Array(data.length), shape);
      state[secondMoment(name)] = new Tensor('float32', new Float32Array(data.length), shape);
    }
    for (let step = 0; step < steps; step += 1) {
      const outputs = await session.run({ ...state, ...batch, step: new Tensor('float64', Float64Array.of(step), []) });
      for (const name of Object.keys(state)) state[name] = outputs[nextValue(name)] as Tensor; // one for each
      expect(Math.abs((valuesOf(outputs['loss'])[0] ?? NaN) - (oracle.losses[step] ?? NaN))).toBeLessThan(1e-4);
      expect(valuesOf(outputs['gradient_norm'])[0]).toBeCloseTo(oracle.gradientNorms[step] ?? NaN, 3);
    }
    await session.release();
    for (const [name, expected] of recorded('.trained')) {
      expect(relativeError(valuesOf(state[name]), expected), name).toBeLessThan(isRoundingOnly(name) ? 1e-2 : 1e-4);
    }
  });
});

describe('a batch of several slices', () => {
  /** Sequences of 24 ids of which the tokens 3 and 11 are masked: 42 make a slice of 1,024 tokens. */
  const sequencesOf = (from: number, to: number): Record<string, Tensor> => {
    const count = to - from;
    const selector = Array.from({ length: count }, () => [3, 11].flatMap((at) => oneHot(at, 24))).flat(2);
    const ids = (width: number, salt: number): number[][] =>
      Array.from({ length: count }, (_, row) =>
        Array.from({ length: width }, (_, i) => 1 + (((from + row) * salt + 5 * i) % 39)),
      );
    return {
      input_ids: int64(ids(24, 7)),
      masked_rows: new Tensor('float32', Float32Array.from(selector), [count, 2, 24]),
      labels: int64(ids(2, 11)),
    };
  };
  const oneHot = (at: number, length: number): number[] => Array.from({ length }, (_, i) => Number(i === at));

  it('has the mean of the losses and gradients of its sequences, the last slice being shorter', async () => {
    const graph = languageModelGradients(config);
    const feedsOf = (from: number, to: number) => ({ ...toTensors(weights), ...sequencesOf(from, to) });
    const whole = await run(graph, feedsOf(0, 100));
    const parts = [
      await run(graph, feedsOf(0, 40)),
      await run(graph, feedsOf(40, 80)),
      await run(graph, feedsOf(80, 100)),
    ];
    for (const name of ['loss', ...[...weights.keys()].map(gradientOf)]) {
      const [a, b, c] = parts.map((outputs) => valuesOf(outputs[name])) as [number[], number[], number[]]; // three parts
      const mean = a.map((value, i) => 0.4 * value + 0.4 * (b[i] ?? NaN) + 0.2 * (c[i] ?? NaN));
      if (isRoundingOnly(name)) continue;
      expect(relativeError(valuesOf(whole[name]), mean), name).toBeLessThan(1e-5);
    }
  });
});

describe('dropout of the masked language model', () => {
  const dropping = parseConfig({ ...oracle.config, dropout: 0.1, attention_dropout: 0.1 });
  const sizes: Readonly<Record<string, number>> = { batch: sequences, seq: length, masked };
  const maskOf = ({ site, shape }: DropoutSpec, value: number): [string, Tensor] => {
    const dims = shape.map((dim) => (typeof dim === 'number' ? dim : (sizes[dim] ?? NaN)));
    return [dropoutMask(site), new Tensor('float32', new Float32Array(dims.reduce((a, b) => a * b)).fill(value), dims)];
  };
  const lossWith = async (valueOf: (site: string) => number): Promise<number> => {
    const masks = languageModelDropoutSpecs(dropping).map((spec) => maskOf(spec, valueOf(spec.site)));
    const feeds = { ...toTensors(weights), ...batch, ...Object.fromEntries(masks) };
    return valuesOf((await run(languageModelGradients(dropping), feeds))['loss'])[0] ?? NaN;
  };

  it('reaches every site, and masks of ones leave the loss as it is', async () => {
    const plain = await lossWith(() => 1);
    expect(plain).toBeCloseTo(oracle.losses[0] ?? NaN, 5);
    for (const { site } of languageModelDropoutSpecs(dropping)) {
      expect(await lossWith((other) => (other === site ? 0 : 1)), site).not.toBeCloseTo(plain, 4);
    }
  });
});

describe('importLanguageModel', () => {
  const asBert = (name: string): string =>
    name
      .replace('vocab_transform', 'cls.predictions.transform.dense')
      .replace('vocab_layer_norm', 'cls.predictions.transform.LayerNorm')
      .replace('vocab_projector.bias', 'cls.predictions.bias');

  it("reads BERT's head under DistilBERT's names", () => {
    const bert = readBertLike(new Map([...stored('')].map(([name, tensor]) => [asBert(name), tensor])));
    const { weights: imported, missingHead } = importLanguageModel(bert, config);
    expect(missingHead).toEqual([]);
    for (const name of LANGUAGE_HEAD_PARAMETERS) expect(imported.get(name)).toEqual(weights.get(name));
  });

  it('reports a missing head, which is then drawn with a layer normalization that changes nothing', () => {
    const encoder = new Map([...stored('')].filter(([name]) => name.startsWith('distilbert.')));
    const imported = importLanguageModel(encoder, config);
    expect(imported.missingHead).toEqual(LANGUAGE_HEAD_PARAMETERS);
    const complete = withNewLanguageHead(imported.weights, config, () => 1);
    expect([...complete.keys()].sort()).toEqual([...languageModelShapes(config).keys()].sort());
    expect(complete.get('vocab_transform.weight')?.data[0]).toBeCloseTo(0.02);
    expect(complete.get('vocab_layer_norm.weight')?.data).toEqual(new Float32Array(16).fill(1));
    expect(complete.get('vocab_projector.bias')?.data).toEqual(new Float32Array(40));
  });

  it('gives a classifier its encoder', () => {
    const saved = new Map(exportWeights(weights, 'F32'));
    const { weights: imported, missingHead } = importWeights(saved, config);
    expect(missingHead).toHaveLength(4);
    for (const [name, weight] of imported) expect(weight).toEqual(weights.get(name));
  });
});

/** The encoder under BERT's names, with token types of zero. */
function readBertLike(from: ReadonlyMap<string, StoredTensor>): Map<string, StoredTensor> {
  const parts: readonly (readonly [string, string])[] = [
    ['attention.q_lin', 'attention.self.query'],
    ['attention.k_lin', 'attention.self.key'],
    ['attention.v_lin', 'attention.self.value'],
    ['attention.out_lin', 'attention.output.dense'],
    ['sa_layer_norm', 'attention.output.LayerNorm'],
    ['ffn.lin1', 'intermediate.dense'],
    ['ffn.lin2', 'output.dense'],
    ['output_layer_norm', 'output.LayerNorm'],
  ];
  const rename = (name: string): string =>
    parts.reduce(
      (renamed, [ours, theirs]) => renamed.replace(`.${ours}.`, `.${theirs}.`),
      name.replace('distilbert.transformer.layer', 'bert.encoder.layer').replace('distilbert.', 'bert.'),
    );
  const types = exportWeights(new Map([['types', { shape: [2, 16], data: new Float32Array(32) }]]), 'F32')[0]?.[1];
  const renamed = new Map([...from].map(([name, tensor]) => [rename(name), tensor]));
  if (types) renamed.set('bert.embeddings.token_type_embeddings.weight', types);
  return renamed;
}
