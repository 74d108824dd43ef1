import { decodeSafetensors, encodeSafetensors, fromFloat32, type StoredTensor, toFloat32 } from '@marquee/safetensors';

import { BUCKET_COUNT } from './buckets.js';
import { LinearError } from './linear-error.js';
import type { LinearModel } from './linear-model.js';
import { MAX_NGRAM_WORDS } from './ngrams.js';

/** What the hashes of a file mean. Another way to split, normalize or hash needs another name. */
const METADATA = { format: 'marquee-linear', features: `murmur3-words-1-${MAX_NGRAM_WORDS}`, version: '1' } as const;

const TENSORS = {
  weights: { dtype: 'F16', shape: [BUCKET_COUNT] },
  tags: { dtype: 'U8', shape: [BUCKET_COUNT] },
  bias: { dtype: 'F32', shape: [1] },
} as const;

/** Writes a model as safetensors of 3 MB: weights in F16, tags in U8, the bias in F32. Throws `INVALID_MODEL` for weights beyond half precision. */
export function encodeLinearModel({ tags, weights, bias }: LinearModel): Uint8Array {
  try {
    const stored: readonly (readonly [string, StoredTensor])[] = [
      ['weights', fromFloat32(weights, TENSORS.weights.shape, 'F16')],
      ['tags', { ...TENSORS.tags, data: tags }],
      ['bias', fromFloat32(Float32Array.of(bias), TENSORS.bias.shape, 'F32')],
    ];
    return encodeSafetensors(stored, METADATA);
  } catch (cause) {
    throw invalid(`linear model: ${messageOf(cause)}`, cause);
  }
}

/** Reads what `encodeLinearModel` wrote. Throws `INVALID_MODEL` for any other header, tensor or a number that is not finite. */
export function decodeLinearModel(bytes: Uint8Array, subject = 'linear model'): LinearModel {
  const tensors = readTensors(bytes, subject);
  const [weights, tags, bias] = [tensors.weights, tensors.tags, tensors.bias];
  const numbers = { weights: toFloat32(weights), bias: toFloat32(bias) };
  for (const [name, values] of Object.entries(numbers)) {
    const index = values.findIndex((value) => !Number.isFinite(value));
    if (index >= 0) throw invalid(`${subject}: ${name}[${index}] must be finite, got ${values[index]}`);
  }
  return { tags: tags.data.slice(), weights: numbers.weights, bias: numbers.bias[0]! }; // its shape is [1]
}

function readTensors(bytes: Uint8Array, subject: string): Record<keyof typeof TENSORS, StoredTensor> {
  const { tensors, metadata } = decode(bytes, subject);
  for (const [key, expected] of Object.entries(METADATA)) {
    if (metadata[key] === expected) continue;
    throw invalid(`${subject}: metadata ${key} must be "${expected}", got ${JSON.stringify(metadata[key])}`);
  }
  const names = Object.keys(TENSORS);
  if (tensors.size !== names.length)
    throw invalid(`${subject}: expected the tensors ${names.join(', ')}, got ${tensors.size}`);
  const found = Object.entries(TENSORS).map(([name, { dtype, shape }]) => {
    const tensor = tensors.get(name);
    if (tensor?.dtype === dtype && tensor.shape.join() === shape.join()) return [name, tensor] as const;
    const actual = tensor ? `${tensor.dtype} [${tensor.shape.join(', ')}]` : 'nothing';
    throw invalid(`${subject}: tensor ${name} must be ${dtype} [${shape.join(', ')}], got ${actual}`);
  });
  return Object.fromEntries(found) as Record<keyof typeof TENSORS, StoredTensor>;
}

function decode(bytes: Uint8Array, subject: string): ReturnType<typeof decodeSafetensors> {
  try {
    return decodeSafetensors(bytes, subject);
  } catch (cause) {
    throw invalid(messageOf(cause), cause);
  }
}

const messageOf = (thrown: unknown): string => (thrown instanceof Error ? thrown.message : String(thrown));
const invalid = (message: string, cause?: unknown): LinearError => new LinearError('INVALID_MODEL', message, { cause });
