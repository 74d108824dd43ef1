import { encodeSafetensors, fromFloat32 } from '@marquee/safetensors';
import { describe, expect, it } from 'vitest';

import { BUCKET_COUNT, decodeLinearModel, encodeLinearModel, fitLinearModel, scoreText } from '../src/index.js';
import { oracle } from './oracle.js';

const model = fitLinearModel(oracle.texts, oracle.labels, oracle.options);
const METADATA = { format: 'marquee-linear', features: 'murmur3-words-1-3', version: '1' };

interface Changes {
  readonly weights?: Float32Array;
  readonly dtype?: 'F16' | 'F32';
  readonly bias?: number[];
  readonly metadata?: Record<string, string>;
  readonly more?: boolean;
}

/** A file of the format, but for the changes. */
function file({ weights = model.weights, dtype = 'F16', bias = [0], metadata = METADATA, more }: Changes): Uint8Array {
  const tags = { dtype: 'U8', shape: [BUCKET_COUNT], data: model.tags } as const;
  return encodeSafetensors(
    [
      ['weights', fromFloat32(weights, [weights.length], dtype)],
      ['bias', fromFloat32(Float32Array.from(bias), [bias.length], 'F32')],
      ['tags', tags],
      ...(more ? [['more', tags] as const] : []),
    ],
    metadata,
  );
}

describe('a model file', () => {
  it('holds at most 5 MB, and gives back a model whose logits differ by the rounding to F16 alone', () => {
    const bytes = encodeLinearModel(model);
    expect(bytes.length).toBeLessThan(5e6);
    const read = decodeLinearModel(bytes);
    expect(Buffer.compare(read.tags, model.tags)).toBe(0);
    for (const text of oracle.texts) {
      // F16 keeps 11 bits; a logit sums some ten weights of about 1.
      expect(Math.abs(scoreText(read, text) - scoreText(model, text))).toBeLessThan(5e-3);
    }
    expect(Buffer.compare(encodeLinearModel(read), bytes)).toBe(0);
  });

  it('is read from bytes at any offset', () => {
    const bytes = encodeLinearModel(model);
    const shifted = new Uint8Array(bytes.length + 1);
    shifted.set(bytes, 1);
    expect(Buffer.compare(encodeLinearModel(decodeLinearModel(shifted.subarray(1))), bytes)).toBe(0);
  });

  it.each<[string, Uint8Array]>([
    ['expected at least 8 bytes, got 0', new Uint8Array()],
    ['metadata format must be "marquee-linear", got "pt"', file({ metadata: { format: 'pt' } })],
    ['metadata features must be', file({ metadata: { ...METADATA, features: 'murmur3-words-1-2' } })],
    ['metadata version must be "1", got "2"', file({ metadata: { ...METADATA, version: '2' } })],
    ['tensor weights must be F16 [1048576], got F32 [1048576]', file({ dtype: 'F32' })],
    ['tensor weights must be F16 [1048576], got F16 [4]', file({ weights: new Float32Array(4) })],
    ['tensor bias must be F32 [1], got F32 [2]', file({ bias: [0, 0] })],
    ['bias[0] must be finite, got NaN', file({ bias: [NaN] })],
    ['weights[3] must be finite, got Infinity', file({ weights: model.weights.with(3, Infinity) })],
    ['expected the tensors weights, tags, bias', file({ more: true })],
  ])('is refused: %s', (message, bytes) => {
    expect(() => decodeLinearModel(bytes, 'x.safetensors')).toThrow(
      expect.objectContaining({
        name: 'LinearError',
        code: 'INVALID_MODEL',
        message: expect.stringContaining(`x.safetensors: ${message}`),
      }),
    );
  });

  it('cannot be written with weights beyond half precision', () => {
    const weights = new Float32Array(BUCKET_COUNT).fill(70_000, 5, 6);
    expect(() => encodeLinearModel({ ...model, weights })).toThrow(
      expect.objectContaining({ code: 'INVALID_MODEL', message: expect.stringContaining('value 5') }),
    );
  });
});
