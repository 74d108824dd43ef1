import { describe, expect, it } from 'vitest';

import {
  attention,
  constant,
  dynamicQuantizeMatmul,
  multiHeadAttention,
  reshape,
  type Tensor,
  transpose,
} from '../src/index.js';
import { expectClose } from './support/expect-close.js';
import { draw, fed } from './support/fed-input.js';
import { run } from './support/run-graph.js';

describe('multiHeadAttention', () => {
  const [batch, seq, heads, size] = [2, 3, 2, 4];
  const split = (x: Tensor): Tensor => transpose(reshape(x, [batch, seq, heads, size]), [0, 2, 1, 3]);
  const inputs = ['query', 'key', 'value'].map((name, i) => draw(name, [batch, seq, heads * size], { seed: 500 + i }));

  it.each([
    ['every key is read', [1, 1, 1, 1, 1, 1]],
    ['the tail of one row is padding', [1, 1, 0, 1, 1, 1]],
    ['the tails of both rows are padding', [1, 1, 0, 1, 0, 0]],
  ])('equals attention where %s', async (_, values) => {
    const mask = fed('mask', [batch, seq], values, { dtype: 'int32' });
    const [query, key, value] = inputs.map(({ tensor }) => tensor) as [Tensor, Tensor, Tensor]; // three names
    const bias = constant(
      Float32Array.from(values, (kept) => (kept ? 0 : -1e9)),
      'float32',
      [batch, 1, 1, seq],
    );
    const plain = attention(split(query), split(key), split(value), { scale: 1 / Math.sqrt(size), bias });
    const results = await run([...inputs, mask], {
      fused: multiHeadAttention(query, key, value, { heads, keyPaddingMask: mask.tensor }),
      plain: reshape(transpose(plain, [0, 2, 1, 3]), [batch, seq, heads * size]),
    });
    expectClose(results['fused'] ?? [], results['plain'] ?? [], { tolerance: 1e-6 });
  });
});

describe('dynamicQuantizeMatmul', () => {
  it('is the float product to the rounding of x to 8 bits', async () => {
    const x = draw('x', [5, 16], { seed: 510 });
    const weight = draw('weight', [16, 3], { seed: 511, low: -60, high: 60 }).values.map(Math.round);
    const [scale, bias] = [
      [0.5, 0.25, 2],
      [10, -20, 30],
    ];
    const y = dynamicQuantizeMatmul(
      x.tensor,
      constant(Int8Array.from(weight), 'int8', [16, 3]),
      constant(Float32Array.from(scale), 'float32', [3]),
      constant(Float32Array.from(bias), 'float32', [3]),
    );
    const expected = Array.from({ length: 15 }, (_, i) => {
      const [row, column] = [Math.floor(i / 3), i % 3];
      let sum = 0;
      for (let k = 0; k < 16; k += 1) sum += (x.values[row * 16 + k] ?? NaN) * (weight[k * 3 + column] ?? NaN);
      return sum * (scale[column] ?? NaN) + (bias[column] ?? NaN);
    });
    expect(Math.max(...expected.map(Math.abs))).toBeGreaterThan(300);
    // A step of x is its range over 255, 0.012. Half a step in each of 16 terms, times 60, times a scale of 2, adds up to about 3.
    expectClose((await run([x], { y }))['y'] ?? [], expected, { tolerance: 0.012 });
  });
});
