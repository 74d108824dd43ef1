import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { createRandom } from '../src/index.js';

const draw = (count: number, ...numbers: [number, ...number[]]): number[] => {
  const random = createRandom(...numbers);
  return Array.from({ length: count }, () => random.uint32());
};

describe('createRandom', () => {
  it('keeps its numbers from release to release, so that old runs can be repeated', () => {
    expect(draw(4, 0)).toMatchInlineSnapshot(`
      [
        2305920104,
        1006249537,
        294230538,
        1861220244,
      ]
    `);
    expect(draw(4, 42, 1, 2)).toMatchInlineSnapshot(`
      [
        4217931781,
        1879424693,
        1835153804,
        2012811496,
      ]
    `);
  });

  it('gives unrelated streams for neighboring seeds and streams', () => {
    const streams = [
      draw(4, 0),
      draw(4, 1),
      draw(4, -1),
      draw(4, 0, 0),
      draw(4, 0, 1),
      draw(4, 2 ** 40),
      draw(4, 0, 0, 0),
    ];
    expect(new Set(streams.flat()).size).toBe(28);
  });

  it('draws floats evenly from [0, 1)', () => {
    const random = createRandom(5);
    const bins = new Array<number>(10).fill(0);
    for (let i = 0; i < 100_000; i++) {
      const bin = Math.floor(random.float() * 10);
      bins[bin] = (bins[bin] ?? Number.NaN) + 1;
    }
    // Chi-squared with 9 degrees of freedom stays below 27.9 with probability 0.999.
    expect(bins.reduce((sum, count) => sum + (count - 10_000) ** 2 / 10_000, 0)).toBeLessThan(27.9);
  });

  it('shuffles every item to every place equally often', () => {
    const random = createRandom(6);
    const orders = new Map<string, number>();
    for (let i = 0; i < 24_000; i++) {
      const order = random.shuffle(['a', 'b', 'c', 'd']).join('');
      orders.set(order, (orders.get(order) ?? 0) + 1);
    }
    expect(orders.size).toBe(24);
    // Chi-squared with 23 degrees of freedom stays below 49.7 with probability 0.999.
    expect([...orders.values()].reduce((sum, count) => sum + (count - 1000) ** 2 / 1000, 0)).toBeLessThan(49.7);
  });

  it('shuffles to a permutation', () => {
    const property = fc.property(fc.array(fc.integer()), fc.integer(), (items, seed) => {
      const byValue = (a: number, b: number): number => a - b;
      expect(
        createRandom(seed)
          .shuffle([...items])
          .sort(byValue),
      ).toEqual([...items].sort(byValue));
    });
    fc.assert(property, { seed: 2 });
  });

  it('refuses seeds that are not integers', () => {
    for (const seed of [0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53]) {
      expect(() => createRandom(seed)).toThrow('a seed must be an integer');
    }
  });
});
