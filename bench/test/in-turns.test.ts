import { describe, expect, it } from 'vitest';

import { measureInTurns } from '../src/in-turns.js';

describe('measureInTurns', () => {
  it('measures everybody once a round, every other round backwards', async () => {
    const order: string[] = [];
    const results = await measureInTurns(['a', 'b', 'c'], 3, async (name, round) => {
      order.push(`${name}${round}`);
      return order.length;
    });
    expect(order).toEqual(['a0', 'b0', 'c0', 'c1', 'b1', 'a1', 'a2', 'b2', 'c2']);
    expect([...results]).toEqual([
      ['a', [1, 6, 7]],
      ['b', [2, 5, 8]],
      ['c', [3, 4, 9]],
    ]);
  });
});
