import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { decodeSafetensors, encodeSafetensors, type SafetensorsDtype, type StoredTensor } from '../src/index.js';
import { codeOf, fromBase64, reference } from './helpers.js';

const bytesPerElement = { F32: 4, F16: 2, BF16: 2, I64: 8, I32: 4, U8: 1, I8: 1, BOOL: 1, F64: 8 } as const;

const storedTensor = fc
  .record({
    dtype: fc.constantFrom(...(Object.keys(bytesPerElement) as (keyof typeof bytesPerElement)[])),
    shape: fc.array(fc.nat(4), { maxLength: 3 }),
  })
  .chain(({ dtype, shape }) => {
    const length = shape.reduce((product, size) => product * size, bytesPerElement[dtype]);
    return fc
      .uint8Array({ minLength: length, maxLength: length })
      .map((data): StoredTensor => ({ dtype, shape, data }));
  });
const name = fc.string({ unit: 'grapheme' }).filter((text) => text !== '__metadata__');

describe('encodeSafetensors', () => {
  it('writes the bytes that the reference implementation writes', () => {
    const expected = fromBase64(reference.file);
    const { tensors } = decodeSafetensors(expected);
    expect(Buffer.compare(encodeSafetensors([...tensors].reverse()), expected)).toBe(0);
  });

  it('gives back what it took, whatever the tensors', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(name, storedTensor), { maxLength: 6 }), (pairs) => {
        const tensors = new Map(pairs);
        const decoded = decodeSafetensors(encodeSafetensors(tensors));
        expect(new Map(decoded.tensors)).toEqual(tensors);
        expect(decoded.metadata).toEqual({ format: 'pt' });
      }),
      { seed: 1 },
    );
  });

  it('gives back its metadata', () => {
    const metadata = fc.dictionary(name, fc.string({ unit: 'grapheme' }));
    fc.assert(
      fc.property(metadata, (given) => {
        expect(Object.entries(decodeSafetensors(encodeSafetensors([], given)).metadata)).toEqual(Object.entries(given));
      }),
      { seed: 2 },
    );
  });

  it('writes the same file whatever order the tensors come in', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.tuple(name, storedTensor), { selector: ([key]) => key }), (pairs) => {
        expect(Buffer.compare(encodeSafetensors(pairs), encodeSafetensors(pairs.toReversed()))).toBe(0);
      }),
      { seed: 3 },
    );
  });

  it('starts the data at a multiple of 8, and each tensor at a multiple of its element', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.tuple(name, storedTensor), { selector: ([key]) => key }), (pairs) => {
        const file = encodeSafetensors(pairs);
        for (const { dtype, data } of decodeSafetensors(file).tensors.values()) {
          expect(data.byteOffset % bytesPerElement[dtype as keyof typeof bytesPerElement]).toBe(0);
        }
        expect(new DataView(file.buffer).getBigUint64(0, true) % 8n).toBe(0n);
      }),
      { seed: 4 },
    );
  });

  it.each<[string, [string, Partial<StoredTensor>][], string]>([
    [
      'a name twice',
      [
        ['a', {}],
        ['a', {}],
      ],
      'INVALID_NAME',
    ],
    ['the reserved name', [['__metadata__', {}]], 'INVALID_NAME'],
    ['a shape that does not fit its bytes', [['a', { shape: [3] }]], 'INVALID_SHAPE'],
    ['a negative size', [['a', { shape: [-1, -2] }]], 'INVALID_SHAPE'],
    ['an unknown dtype', [['a', { dtype: 'F4' as SafetensorsDtype }]], 'UNSUPPORTED_DTYPE'],
  ])('refuses %s', (_, tensors, code) => {
    const complete = tensors.map(
      ([key, tensor]) => [key, { dtype: 'U8', shape: [2], data: new Uint8Array(2), ...tensor }] as const,
    );
    expect(codeOf(() => encodeSafetensors(complete))).toBe(code);
  });
});
