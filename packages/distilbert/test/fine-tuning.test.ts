import { Tensor } from '@marquee/model-core';
import { describe, expect, it } from 'vitest';

import {
  averageOf,
  firstMoment,
  gradientStep,
  nextValue,
  type OptimizerOptions,
  parameterShapes,
  secondMoment,
  trainingStep,
} from '../src/index.js';
import { learningRateFactor } from '../src/learning-rates.js';
import { config, int64, int64Vector, labels, parameters, relativeError, run, tokens, valuesOf } from './support.js';

const names = [...parameterShapes(config).keys()];
const OPTIMIZER: OptimizerOptions = {
  ...{ learningRate: 1e-3, schedule: { kind: 'constant', warmupSteps: 0, totalSteps: 10 }, weightDecay: 0 },
  ...{ beta1: 0.9, beta2: 0.999, epsilon: 1e-8, maxGradNorm: 1 },
};

/** One update from the recorded weights, with zero moments and with averages that are all 0. */
function update(changes: Partial<OptimizerOptions>, step = 0): Promise<Record<string, Tensor>> {
  const optimizer = { ...OPTIMIZER, ...changes };
  const zeros = names.flatMap((name) => {
    const { size, dims } = parameters[name] as Tensor; // one a name
    const kept = [
      firstMoment(name),
      secondMoment(name),
      ...(optimizer.emaDecay === undefined ? [] : [averageOf(name)]),
    ];
    return kept.map((entry) => [entry, new Tensor('float32', new Float32Array(size), dims)] as const);
  });
  const feeds = { ...parameters, ...Object.fromEntries(zeros), ...tokens, labels };
  const graph = trainingStep(config, { labelSmoothing: 0, padded: true }, optimizer);
  return run(graph, { ...feeds, step: new Tensor('float64', Float64Array.of(step), []) });
}

describe('layer-wise learning rates', () => {
  it('fall by the factor from the head down to the embeddings', () => {
    const layers = config.n_layers;
    const factors = {
      'classifier.weight': 1,
      'pre_classifier.bias': 1,
      [`distilbert.transformer.layer.${layers - 1}.ffn.lin1.weight`]: 0.5,
      [`distilbert.transformer.layer.${layers - 1}.sa_layer_norm.bias`]: 0.5,
      'distilbert.transformer.layer.0.attention.q_lin.weight': 0.5 ** layers,
      'distilbert.embeddings.LayerNorm.weight': 0.5 ** (layers + 1),
      'distilbert.embeddings.word_embeddings.weight': 0.5 ** (layers + 1),
    };
    for (const [name, factor] of Object.entries(factors))
      expect(learningRateFactor(config, name, 0.5), name).toBe(factor);
    expect(learningRateFactor({ ...config, n_layers: 12 }, 'distilbert.transformer.layer.1.ffn.lin1.bias', 0.5)).toBe(
      0.5 ** 11,
    );
  });

  it('scale each parameter’s update, and 1 leaves all as they are', async () => {
    const [alike, decayed] = await Promise.all([update({}), update({ layerwiseDecay: 0.5 })]);
    for (const name of names) {
      const change = (outputs: Record<string, Tensor>): number[] => {
        const before = valuesOf(parameters[name]);
        return valuesOf(outputs[nextValue(name)]).map((value, i) => value - (before[i] ?? NaN));
      };
      const factor = learningRateFactor(config, name, 0.5);
      const expected = change(alike).map((value) => value * factor);
      expect(relativeError(change(decayed), expected), name).toBeLessThan(1e-3); // differences of rounded float32
    }
  });
});

describe('the average of the weights', () => {
  it('takes in the weights after the update, with a decay that grows to the one asked for', async () => {
    for (const [step, decay] of [
      [0, 0.1],
      [10_000, 0.99],
    ] as const) {
      const outputs = await update({ emaDecay: 0.99 }, step);
      for (const name of names) {
        const expected = valuesOf(outputs[nextValue(name)]).map((value) => (1 - decay) * value);
        expect(relativeError(valuesOf(outputs[nextValue(averageOf(name))]), expected), name).toBeLessThan(1e-6);
      }
    }
  });
});

describe('class weights', () => {
  it('weigh a batch as a whole, whatever slices it is computed in', async () => {
    const rows = 256; // of 5 tokens: more than one slice
    const ids = Array.from({ length: rows }, (_, row) => [3, row % 13, 7, (row * 5) % 11, 2]);
    const classes = Array.from({ length: rows }, (_, row) => Number(row >= 250));
    const classWeights = [0.25, 3];
    const outputs = await run(gradientStep(config, { labelSmoothing: 0.1, classWeights, padded: false }), {
      ...{ ...parameters, input_ids: int64(ids), labels: int64Vector(classes) },
    });
    const logits = valuesOf(outputs['logits']);
    let [sum, weights] = [0, 0];
    classes.forEach((label, row) => {
      const pair = logits.slice(2 * row, 2 * row + 2);
      const normalizer = Math.log(pair.reduce((total, value) => total + Math.exp(value), 0));
      pair.forEach((value, k) => {
        const target = (k === label ? 0.9 : 0) + 0.05;
        sum -= (classWeights[k] ?? NaN) * target * (value - normalizer);
      });
      weights += classWeights[label] ?? NaN;
    });
    expect(relativeError(valuesOf(outputs['loss']), [sum / weights])).toBeLessThan(1e-5);
  });
});
