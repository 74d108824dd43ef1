import { describe, expect, test } from 'vitest';

import { resolveClassWeights } from '../src/class-weights.js';

const LABELS = [0, 0, 0, 1, 0, 1, 0, 0];

describe('class weights', () => {
  test('are none, two numbers, or such that both classes count alike', () => {
    expect(resolveClassWeights('none', LABELS)).toBeUndefined();
    expect(resolveClassWeights('0.8,1.25', LABELS)).toEqual([0.8, 1.25]);
    const balanced = resolveClassWeights('balanced', LABELS) ?? [NaN, NaN];
    expect(balanced).toEqual([8 / 12, 2]);
    expect(6 * balanced[0]).toBeCloseTo(2 * balanced[1], 12);
  });

  test.each(['', 'even', '1', '1,2,3', '-1,2', '0,1', '1;2', '1,NaN'])('given as "%s" are refused', (option) => {
    const message = `--class-weights: expected none, balanced or two numbers above 0 as in 0.8,1.25 (negative first), got "${option}"`;
    expect(() => resolveClassWeights(option, LABELS)).toThrow(message);
  });
});
