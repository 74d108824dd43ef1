import { describe, expect, it } from 'vitest';

import { quantizeLinear, quantizeTable } from '../src/quantize.js';

// [3, 2]: an output whose largest weight is negative, one of zeros, one far larger.
const matrix = { shape: [3, 2], data: Float32Array.of(0.5, -1, 0, 0, 100, 51) };

describe('quantizeLinear', () => {
  it('gives [in, out] with 7 bits and one scale for each output', () => {
    const { data, shape, scales } = quantizeLinear(matrix);
    expect(shape).toEqual([2, 3]);
    expect(Array.from(data)).toEqual([32, 0, 63, -63, 0, 32]);
    expect(Array.from(scales)).toEqual([1 / 63, 1, 100 / 63].map(Math.fround));
  });
});

describe('quantizeTable', () => {
  it('keeps the rows, with 8 bits and one scale for each', () => {
    const { data, shape, scales } = quantizeTable(matrix);
    expect(shape).toEqual([3, 2]);
    expect(Array.from(data)).toEqual([64, -127, 0, 0, 127, 65]);
    expect(Array.from(scales)).toEqual([1 / 127, 1, 100 / 127].map(Math.fround));
  });

  it('is off by at most half a step', () => {
    const values = Float32Array.from({ length: 64 }, (_, i) => Math.sin(i * 1.7));
    const { data, scales } = quantizeTable({ shape: [4, 16], data: values });
    values.forEach((value, i) => {
      const scale = scales[Math.floor(i / 16)] ?? NaN;
      expect(Math.abs((data[i] ?? NaN) * scale - value)).toBeLessThanOrEqual(scale * 0.5001);
    });
  });
});
