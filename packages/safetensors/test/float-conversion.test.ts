import { createHash } from 'node:crypto';

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { fromFloat32, toFloat32 } from '../src/index.js';
import { codeOf, reference } from './helpers.js';

const allPatterns = new Uint8Array(Uint16Array.from({ length: 65_536 }, (_, bits) => bits).buffer);

function floatsOf(bits: readonly number[]): Float32Array {
  return new Float32Array(Uint32Array.from(bits).buffer);
}

function halfBitsOf(values: Float32Array): number[] {
  return [...new Uint16Array(fromFloat32(values, [values.length], 'F16').data.slice().buffer)];
}

describe('toFloat32', () => {
  it.each(['F16', 'BF16'] as const)('widens all 65,536 patterns of %s as PyTorch does', (dtype) => {
    const values = toFloat32({ dtype, shape: [65_536], data: allPatterns });
    const canonical = values.map((value) => (Number.isNaN(value) ? NaN : value));
    const digest = createHash('sha256').update(new Uint8Array(canonical.buffer)).digest('hex');
    expect(digest).toBe(reference.widenedDigests[dtype]);
  });

  it('copies, so that writing to the result leaves the file alone', () => {
    const stored = fromFloat32(Float32Array.of(1, 2), [2], 'F32');
    toFloat32(stored)[0] = 9;
    expect([...toFloat32(stored)]).toEqual([1, 2]);
  });

  it.each(['F16', 'BF16'] as const)('reads %s at an odd offset of a Buffer', (dtype) => {
    const data = Buffer.from([0xff, 0x00, 0x3c, 0x80, 0x3f]).subarray(1);
    const aligned = new Uint8Array(data);
    expect(toFloat32({ dtype, shape: [2], data })).toEqual(toFloat32({ dtype, shape: [2], data: aligned }));
  });

  it.each(['F32', 'F16', 'BF16'] as const)('refuses bytes of %s that its shape does not take', (dtype) => {
    const data = new Uint8Array(7);
    expect(codeOf(() => toFloat32({ dtype, shape: [2], data }))).toBe('INVALID_SHAPE');
    expect(() => toFloat32({ dtype, shape: [2], data })).toThrow(`${dtype} [2] does not take 7 bytes`);
  });

  it('refuses integers', () => {
    expect(codeOf(() => toFloat32({ dtype: 'I32', shape: [1], data: new Uint8Array(4) }))).toBe('UNSUPPORTED_DTYPE');
  });
});

describe('fromFloat32', () => {
  it('rounds to half precision as PyTorch does, ties to even, subnormals included', () => {
    const values = floatsOf(reference.narrowed.map(([bits]) => bits));
    expect(reference.narrowed.length).toBeGreaterThan(1_500);
    expect(halfBitsOf(values)).toEqual(reference.narrowed.map(([, half]) => half));
  });

  it('gives back every half but the signaling NaNs, which turn quiet', () => {
    const halves = new Uint16Array(allPatterns.buffer);
    const again = halfBitsOf(toFloat32({ dtype: 'F16', shape: [65_536], data: allPatterns }));
    const expected = [...halves].map((half) => ((half & 0x7fff) > 0x7c00 ? half | 0x200 : half));
    expect(again).toEqual(expected);
  });

  it('is off by half a unit of the last place at most', () => {
    fc.assert(
      fc.property(fc.float({ min: -65_504, max: 65_504, noNaN: true }), (value) => {
        const [rounded] = toFloat32(fromFloat32(Float32Array.of(value), [1], 'F16'));
        const exponent = Math.max(Math.floor(Math.log2(Math.abs(value) || Number.MIN_VALUE)), -14);
        expect(Math.abs(rounded! - value)).toBeLessThanOrEqual(2 ** (exponent - 11));
      }),
      { seed: 5, numRuns: 2_000 },
    );
  });

  it('gives back any float32 bits through F32', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(2 ** 32 - 1)), (bits) => {
        const stored = fromFloat32(floatsOf(bits), [bits.length], 'F32');
        expect([...new Uint32Array(toFloat32(stored).buffer)]).toEqual(bits);
      }),
      { seed: 6 },
    );
  });

  it('refuses a finite value beyond half precision and names its index alone', () => {
    expect(() => fromFloat32(Float32Array.of(1, -65_520, 70_000), [3], 'F16')).toThrow(
      "value 1 is beyond half precision's largest, 65504",
    );
    expect(codeOf(() => fromFloat32(Float32Array.of(65_520), [1], 'F16'))).toBe('OUT_OF_RANGE');
  });

  it('rounds 65,519 down to the largest half and keeps infinities', () => {
    expect(halfBitsOf(Float32Array.of(65_519, Infinity, -Infinity))).toEqual([0x7bff, 0x7c00, 0xfc00]);
  });

  it('refuses a shape of another size', () => {
    expect(codeOf(() => fromFloat32(new Float32Array(3), [2], 'F32'))).toBe('INVALID_SHAPE');
  });

  it('reads a window of a larger array', () => {
    const window = Float32Array.of(9, 1, 2, 9).subarray(1, 3);
    expect([...toFloat32(fromFloat32(window, [2], 'F32'))]).toEqual([1, 2]);
    expect(halfBitsOf(window)).toEqual([0x3c00, 0x4000]);
  });
});
