import { decodeSafetensors, encodeSafetensors, fromFloat32, type StoredTensor, toFloat32 } from '@marquee/safetensors';
import { describe, expect, it } from 'vitest';

import {
  DistilBertError,
  exportWeights,
  HEAD_PARAMETERS,
  importWeights,
  inferenceModel,
  parameterCount,
  parameterShapes,
  parseConfig,
  quantizedModel,
  requireHead,
  withNewHead,
} from '../src/index.js';
import { config, storedWeights, weights } from './support.js';

const zeros = (...shape: number[]): StoredTensor =>
  fromFloat32(new Float32Array(shape.reduce((size, dim) => size * dim, 1)), shape, 'F32');

function errorOf(stored: ReadonlyMap<string, StoredTensor>): DistilBertError {
  try {
    importWeights(stored, config, 'base/model.safetensors');
  } catch (error) {
    if (error instanceof DistilBertError) return error;
    throw error;
  }
  return expect.fail('importWeights accepted the checkpoint');
}

/** Standard normal deviates from a seed: Box and Muller on a linear congruential generator. */
function createNormal(seed: number): () => number {
  let state = seed;
  const uniform = (): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return (state + 1) / (2 ** 32 + 1);
  };
  return () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
}

describe('importWeights', () => {
  it('gives every parameter, in the order of the architecture', () => {
    const reversed = new Map([...storedWeights()].reverse());
    const { weights: imported, missingHead } = importWeights(reversed, config);
    expect([...imported.keys()]).toEqual([...parameterShapes(config).keys()]);
    expect(missingHead).toEqual([]);
    expect([...imported.values()].reduce((sum, { data }) => sum + data.length, 0)).toBe(parameterCount(config));
  });

  it('ignores by name what other tasks leave in a file', () => {
    const stored = storedWeights();
    for (const name of [
      'distilbert.embeddings.position_ids',
      'pooler.dense.weight',
      'bert.pooler.dense.bias',
      'cls.predictions.bias',
      'vocab_transform.weight',
      'vocab_projector.bias',
    ]) {
      stored.set(name, zeros(3));
    }
    expect(importWeights(stored, config).weights).toEqual(weights);
  });

  it('takes a bare encoder, whose names lack the prefix, and says that the head is missing', () => {
    const encoder = [...storedWeights()].filter(([name]) => name.startsWith('distilbert.'));
    const bare = new Map(encoder.map(([name, tensor]) => [name.replace('distilbert.', ''), tensor]));
    const imported = importWeights(bare, config);
    expect(imported.missingHead).toEqual(HEAD_PARAMETERS);
    expect(imported.weights.size).toBe(weights.size - HEAD_PARAMETERS.length);
  });

  it('lists everything missing, unexpected, mis-shaped and mistyped in one error', () => {
    const stored = storedWeights();
    stored.delete('distilbert.transformer.layer.1.ffn.lin1.bias');
    stored.delete('distilbert.embeddings.LayerNorm.weight');
    stored.set('distilbert.transformer.layer.2.ffn.lin1.bias', zeros(32));
    stored.set('classifier.bias', zeros(3));
    stored.set('pre_classifier.bias', { dtype: 'I32', shape: [16], data: new Uint8Array(64) });
    const { code, message } = errorOf(stored);
    expect(code).toBe('WEIGHTS_MISMATCH');
    expect(message).toBe(
      'base/model.safetensors: expected the weights that config.json describes: ' +
        'distilbert.embeddings.LayerNorm.weight is missing; ' +
        'distilbert.transformer.layer.1.ffn.lin1.bias is missing; ' +
        'distilbert.transformer.layer.2.ffn.lin1.bias is unexpected; ' +
        'pre_classifier.bias has dtype I32, expected F32, F16 or BF16; ' +
        'classifier.bias has shape [3], expected [2]',
    );
  });

  it('names the first of many mistakes, and counts the others', () => {
    const stored = storedWeights();
    for (let i = 0; i < 1000; i += 1) stored.set(`extra.${i}`, zeros(1));
    const { message } = errorOf(stored);
    expect(message).toMatch(/extra\.19 is unexpected; and 980 more$/);
  });

  it('does not take a shape of the same size for the right one', () => {
    const stored = storedWeights();
    stored.set('distilbert.transformer.layer.0.ffn.lin1.weight', zeros(16, 32));
    expect(errorOf(stored).message).toContain('ffn.lin1.weight has shape [16, 32], expected [32, 16]');
  });

  it('widens F16 and BF16 exactly', () => {
    const name = 'distilbert.transformer.layer.0.attention.q_lin.weight';
    const expected = storedWeights().get(name) as StoredTensor; // recorded
    const half = fromFloat32(toFloat32(expected), expected.shape, 'F16');
    const top = new Uint16Array(toFloat32(expected).buffer).filter((_, i) => i % 2 === 1); // bfloat16: the upper halves
    const brain: StoredTensor = { dtype: 'BF16', shape: expected.shape, data: new Uint8Array(top.buffer) };
    for (const tensor of [half, brain]) {
      const { weights: imported } = importWeights(storedWeights().set(name, tensor), config);
      expect(imported.get(name)?.data).toEqual(toFloat32(tensor));
    }
  });
});

describe('exportWeights', () => {
  it('writes what importWeights reads back, F32 exactly and F16 to half precision', () => {
    for (const [dtype, tolerance] of [
      ['F32', 0],
      ['F16', 2 ** -11],
    ] as const) {
      const exported = exportWeights(weights, dtype);
      expect(exported.map(([name]) => name)).toEqual([...parameterShapes(config).keys()]);
      const file = encodeSafetensors(exported);
      const { tensors, metadata } = decodeSafetensors(file);
      expect(metadata).toEqual({ format: 'pt' });
      const { weights: back } = importWeights(tensors, config);
      for (const [name, { data }] of weights) {
        data.forEach((value, i) => {
          expect(Math.abs((back.get(name)?.data[i] ?? NaN) - value)).toBeLessThanOrEqual(
            tolerance * Math.abs(value) + tolerance * 1e-4,
          );
        });
      }
    }
  });
});

describe('the classification head', () => {
  const large = parseConfig({
    ...{ model_type: 'distilbert', vocab_size: 8, max_position_embeddings: 4 },
    ...{ dim: 128, n_layers: 1, n_heads: 2, hidden_dim: 4 },
  });

  it('is N(0, 0.02) with zero biases when new', () => {
    const head = withNewHead(new Map(), large, createNormal(5));
    expect([...head.keys()]).toEqual(HEAD_PARAMETERS);
    const { data } = head.get('pre_classifier.weight') ?? { data: new Float32Array() };
    const mean = data.reduce((sum, value) => sum + value, 0) / data.length;
    const deviation = Math.sqrt(data.reduce((sum, value) => sum + value * value, 0) / data.length);
    expect(data.length).toBe(128 * 128);
    expect(Math.abs(mean)).toBeLessThan(0.02 * (4 / 128)); // four standard errors
    expect(Math.abs(deviation / 0.02 - 1)).toBeLessThan(4 / (128 * Math.SQRT2));
    for (const name of ['pre_classifier.bias', 'classifier.bias']) {
      expect(head.get(name)?.data.every((value) => value === 0)).toBe(true);
    }
    expect(head.get('classifier.weight')?.shape).toEqual([2, 128]);
  });

  it('is the same for the same deviates and another for others', () => {
    const head = (seed: number) => withNewHead(weights, config, createNormal(seed)).get('classifier.weight')?.data;
    expect(head(5)).toEqual(head(5));
    expect(head(6)).not.toEqual(head(5));
  });

  it('starts anew even where the checkpoint has one, and leaves the encoder and the given map alone', () => {
    const before = weights.get('classifier.bias')?.data;
    const result = withNewHead(weights, config, createNormal(5));
    expect(result.get('classifier.bias')?.data).toEqual(new Float32Array(2));
    expect(weights.get('classifier.bias')?.data).toBe(before);
    for (const [name, weight] of weights) {
      if (name.startsWith('distilbert.')) expect(result.get(name)).toBe(weight);
    }
  });

  it.each(Object.entries({ inferenceModel, quantizedModel }))('is demanded by %s', (_, write) => {
    const headless = new Map([...weights].filter(([name]) => name !== 'classifier.bias'));
    expect(() => write(config, headless)).toThrow(expect.objectContaining({ code: 'MISSING_HEAD' }));
    expect(() => write(config, headless)).toThrow('expected a trained classification head, classifier.bias missing');
  });

  it('is demanded where it must not be invented', () => {
    const stored = storedWeights();
    expect(() => requireHead(importWeights(stored, config), 'model')).not.toThrow();
    stored.delete('classifier.bias');
    const imported = importWeights(stored, config);
    expect(imported.missingHead).toEqual(['classifier.bias']);
    expect(() => requireHead(imported, 'runs/model')).toThrow(
      'runs/model: expected a trained classification head, classifier.bias missing',
    );
  });
});
