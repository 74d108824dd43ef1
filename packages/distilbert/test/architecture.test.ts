import { add, gelu, type Graph, input, relu, reshape, slice, type Tensor, type Tensors } from '@marquee/autograd';
import { describe, expect, it } from 'vitest';

import {
  type DistilBertConfig,
  dropoutMask,
  dropoutSpecs,
  evaluationGraph,
  gradientStep,
  inferenceModel,
  parameterShapes,
  parseConfig,
  quantizedModel,
} from '../src/index.js';
import type { Blocks } from '../src/model.js';
import { floatBlocks, lookUpWords } from '../src/training-blocks.js';
import { config, int64, labels, oracle, parameters, relativeError, run, tokens, valuesOf, weights } from './support.js';
import { Tensor as RuntimeTensor } from '@marquee/model-core';

/** The architecture as the paper draws it: every layer computes every row, and only then [CLS] is taken. */
function fullDistilBert({ activation, dim, n_layers: layers }: DistilBertConfig, blocks: Blocks): Tensor {
  let x = blocks.normalize('distilbert.embeddings.LayerNorm', blocks.embed());
  for (let layer = 0; layer < layers; layer += 1) {
    const prefix = `distilbert.transformer.layer.${layer}`;
    const attended = blocks.project(`${prefix}.attention.out_lin`, blocks.attend(layer, x, x, 'seq'));
    const middle = blocks.normalize(`${prefix}.sa_layer_norm`, add(attended, x));
    const hidden = (activation === 'gelu' ? gelu : relu)(blocks.project(`${prefix}.ffn.lin1`, middle));
    x = blocks.normalize(`${prefix}.output_layer_norm`, add(blocks.project(`${prefix}.ffn.lin2`, hidden), middle));
  }
  const cls = reshape(slice(reshape(x, ['batch', 'seq', dim]), { axis: 1, end: 1 }), ['batch', dim]);
  return blocks.project('classifier', relu(blocks.project('pre_classifier', cls)));
}

function fullGraph(of: DistilBertConfig): Graph {
  const declared: Tensors = Object.fromEntries(
    [...parameterShapes(of)].map(([name, shape]) => [name, input(name, 'float32', shape)]),
  );
  const inputIds = input('input_ids', 'int64', ['batch', 'seq']);
  const attentionMask = input('attention_mask', 'int64', ['batch', 'seq']);
  const logits = fullDistilBert(
    of,
    floatBlocks(of, declared, { words: lookUpWords(declared, inputIds), attentionMask }),
  );
  return { name: 'full', inputs: [...Object.values(declared), inputIds, attentionMask], outputs: { logits } };
}

const logitsOf = async (model: Graph | Uint8Array, feeds: Record<string, RuntimeTensor>): Promise<number[]> =>
  valuesOf((await run(model, feeds))['logits']);

describe('the last layer on the [CLS] row alone', () => {
  it.each(['gelu', 'relu'] as const)('gives what the full last layer gives, with %s', async (activation) => {
    const variant = { ...config, activation };
    const feeds = { ...parameters, ...tokens };
    const full = await logitsOf(fullGraph(variant), feeds);
    expect(relativeError(await logitsOf(evaluationGraph(variant), feeds), full)).toBeLessThan(1e-6);
  });

  it('is the first layer too where there is one', async () => {
    const variant = { ...config, n_layers: 1 };
    const feeds = Object.fromEntries(
      [...parameterShapes(variant).keys()].flatMap((name) => (parameters[name] ? [[name, parameters[name]]] : [])),
    );
    const full = await logitsOf(fullGraph(variant), { ...feeds, ...tokens });
    expect(relativeError(await logitsOf(evaluationGraph(variant), { ...feeds, ...tokens }), full)).toBeLessThan(1e-6);
  });
});

/** Each sequence alone, without its padding. */
const unpadded = oracle.batch.inputIds.map((ids, row) => {
  const length = oracle.batch.attentionMask[row]?.filter(Boolean).length ?? 0;
  return { input_ids: int64([ids.slice(0, length)]), attention_mask: int64([Array<number>(length).fill(1)]) };
});
const alone = async (model: Uint8Array): Promise<number[]> => {
  const rows = [];
  for (const feeds of unpadded) rows.push(...(await logitsOf(model, feeds)));
  return rows;
};

describe('the fp32 model', () => {
  const model = inferenceModel(config, weights);

  it('gives a padded batch what it gives each sequence alone', async () => {
    expect(relativeError(await logitsOf(model, tokens), await alone(model))).toBeLessThan(1e-6);
  });

  it('does not read the ids of padding', async () => {
    const other = oracle.batch.inputIds.map((ids, row) =>
      ids.map((id, column) => (oracle.batch.attentionMask[row]?.[column] ? id : 17)),
    );
    expect(await logitsOf(model, { ...tokens, input_ids: int64(other) })).toEqual(await logitsOf(model, tokens));
  });
});

describe('the int8 model', () => {
  const model = quantizedModel(config, weights);

  /** 7 bits of weight and 8 of activation, in sums of only 16 or 32 terms: 4 % of the largest logit was seen. */
  const TOLERANCE = 0.06;

  it('agrees with the recorded logits to 6 %', async () => {
    expect(relativeError(await alone(model), oracle.logits.flat())).toBeLessThan(TOLERANCE);
  });

  it('gives a padded batch what it gives each sequence alone to 6 %: one activation scale a batch, not a sequence', async () => {
    expect(relativeError(await logitsOf(model, tokens), await alone(model))).toBeLessThan(TOLERANCE);
  });

  it('is not the fp32 model', async () => {
    expect(relativeError(await alone(model), oracle.logits.flat())).toBeGreaterThan(1e-5);
    expect(model.length).toBeLessThan(inferenceModel(config, weights).length);
  });
});

const rates = { dropout: 0.1, attention_dropout: 0.1, seq_classif_dropout: 0.2 };
const dropping = parseConfig({ ...oracle.config, ...rates });
const sizes: Readonly<Record<string, number>> = { batch: 3, seq: 10 };

function masksOf(value: (site: string) => number): Record<string, RuntimeTensor> {
  return Object.fromEntries(
    dropoutSpecs(dropping).map(({ site, shape }) => {
      const dims = shape.map((dim) => (typeof dim === 'number' ? dim : (sizes[dim] ?? NaN)));
      const data = new Float32Array(dims.reduce((size, dim) => size * dim, 1)).fill(value(site));
      return [dropoutMask(site), new RuntimeTensor('float32', data, dims)];
    }),
  );
}

describe('dropout', () => {
  const graph = gradientStep(dropping, { labelSmoothing: 0, padded: true });
  const feeds = { ...parameters, ...tokens, labels };

  it('has a site for each rate above 0, as transformers has', () => {
    expect(dropoutSpecs(dropping).map(({ site, rate }) => [site, rate])).toEqual([
      ['embeddings', 0.1],
      ['layer.0.attention', 0.1],
      ['layer.0.ffn', 0.1],
      ['layer.1.attention', 0.1],
      ['layer.1.ffn', 0.1],
      ['classifier', 0.2],
    ]);
    expect(dropoutSpecs(config)).toEqual([]);
    expect(dropoutSpecs({ ...dropping, dropout: 0 }).map(({ site }) => site)).toEqual([
      'layer.0.attention',
      'layer.1.attention',
      'classifier',
    ]);
  });

  it('with masks of ones is no dropout', async () => {
    const actual = await logitsOf(graph, { ...feeds, ...masksOf(() => 1) });
    expect(relativeError(actual, oracle.logits.flat())).toBeLessThan(1e-5);
  });

  it.each(dropoutSpecs(dropping).map(({ site }) => site))('at %s reads its mask', async (site) => {
    const actual = await logitsOf(graph, { ...feeds, ...masksOf((other) => (other === site ? 0.5 : 1)) });
    expect(relativeError(actual, oracle.logits.flat())).toBeGreaterThan(1e-2);
  });

  it('of the whole head leaves the classifier’s bias', async () => {
    const actual = await logitsOf(graph, { ...feeds, ...masksOf((site) => (site === 'classifier' ? 0 : 1)) });
    const bias = Array.from(weights.get('classifier.bias')?.data ?? []);
    expect(actual).toEqual([...bias, ...bias, ...bias]);
  });
});
