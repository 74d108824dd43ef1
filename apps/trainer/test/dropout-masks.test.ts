import { dropoutSpecs, parseConfig } from '@marquee/distilbert';
import type { Tensor } from '@marquee/model-core';
import { describe, expect, test } from 'vitest';

import { createDropoutMasks } from '../src/dropout-masks.js';
import { TINY_CONFIG } from './support/tiny-model.js';

const SIZE = { batch: 16, seq: 128 };
const specsAt = (rate: number) =>
  dropoutSpecs(parseConfig({ ...TINY_CONFIG, dropout: rate, attention_dropout: rate, seq_classif_dropout: rate }));

/** Copies of the masks, since their memory is used again. */
function draw(seed: number, microStep: number, rate = 0.1, size = SIZE, masks = createDropoutMasks(specsAt(rate))) {
  const next = Object.entries(masks.next(size, { seed, microStep }));
  return new Map(next.map(([name, { data }]) => [name, Float32Array.from(data as Float32Array)]));
}

const droppedShare = (mask: Float32Array): number => mask.filter((value) => value === 0).length / mask.length;

/** Correlation of what two masks drop, between -1 and 1. */
function correlation(a: Float32Array, b: Float32Array): number {
  const length = Math.min(a.length, b.length);
  const [pa, pb] = [a.subarray(0, length), b.subarray(0, length)].map(droppedShare) as [number, number];
  let both = 0;
  for (let i = 0; i < length; i += 1) both += Number(a[i] === 0 && b[i] === 0);
  return (both / length - pa * pb) / Math.sqrt(pa * (1 - pa) * pb * (1 - pb));
}

describe('dropout masks', () => {
  test('have the shapes of their sites', () => {
    const masks = createDropoutMasks(specsAt(0.1)).next(SIZE, { seed: 1, microStep: 0 });
    const shapes = Object.fromEntries(Object.entries(masks).map(([name, { dims }]: [string, Tensor]) => [name, dims]));
    expect(shapes).toMatchObject({
      'dropout.embeddings': [16, 128, 16],
      'dropout.layer.0.attention': [16, 2, 128, 128],
      'dropout.layer.1.attention': [16, 2, 1, 128], // only the [CLS] row of the last layer
      'dropout.classifier': [16, 16],
    });
  });

  test.each([0.02, 0.1, 0.5, 0.9])('drop %d of the elements and scale up the others', (rate) => {
    const mask = draw(1, 0, rate).get('dropout.layer.0.attention') ?? new Float32Array();
    expect(new Set(mask)).toEqual(new Set([0, Math.fround(1 / (1 - rate))]));
    const sigma = Math.sqrt((rate * (1 - rate)) / mask.length); // 524,288 elements
    expect(Math.abs(droppedShare(mask) - rate)).toBeLessThan(5 * sigma + 1 / 65_536);
  });

  test('are a function of seed, step and site alone', () => {
    const masks = createDropoutMasks(specsAt(0.1));
    draw(7, 1, 0.1, { batch: 3, seq: 200 }, masks);
    draw(7, 2, 0.1, { batch: 1, seq: 3 }, masks);
    const small = { batch: 2, seq: 17 };
    expect(draw(7, 3, 0.1, small, masks)).toEqual(draw(7, 3, 0.1, small));
  });

  test('of other seeds, steps and sites have nothing in common', () => {
    const site = 'dropout.layer.0.attention';
    const reference = draw(42, 5);
    const others = [
      ...[0, 1, 4, 6, 7, 261].map((step) => draw(42, step)),
      ...[0, 1, 43, 41].map((seed) => draw(seed, 5)),
    ];
    const mask = reference.get(site) as Float32Array;
    for (const other of others) expect(Math.abs(correlation(mask, other.get(site) as Float32Array))).toBeLessThan(0.01);
    const embeddings = reference.get('dropout.embeddings') as Float32Array; // 32,768 elements: sigma 0.0055
    for (const [name, other] of reference) {
      if (name === 'dropout.embeddings' || other.length < 10_000) continue;
      expect(Math.abs(correlation(embeddings, other))).toBeLessThan(0.03);
    }
  });

  test('do not repeat along their elements', () => {
    const mask = draw(42, 5).get('dropout.layer.0.attention') as Float32Array;
    for (const shift of [1, 2, 3, 4, 8, 128, 16_384]) {
      expect(Math.abs(correlation(mask, mask.subarray(shift)))).toBeLessThan(0.01);
    }
  });

  test('are left out where the rate is 0', () => {
    expect([...draw(1, 1, 0).keys()]).toEqual([]);
  });
});
