import type { RandomGenerator } from 'pure-rand/types/RandomGenerator';

/** An integer in [0, below); a bias of `below` in 2³² does no harm here. */
export const integerBelow = (below: number, random: RandomGenerator): number =>
  Math.floor(((random.next() >>> 0) * below) / 2 ** 32);

/** Fisher-Yates. */
export function shuffle(items: Uint32Array, random: RandomGenerator): void {
  for (let last = items.length - 1; last > 0; last--) {
    const other = integerBelow(last + 1, random);
    [items[last], items[other]] = [items[other]!, items[last]!]; // both lie inside the array
  }
}
