import { createHash } from 'node:crypto';

import { xoroshiro128plusFromState } from 'pure-rand/generator/xoroshiro128plus';

import { DatasetError } from './dataset-error.js';

/** A deterministic stream of random numbers. */
export interface Random {
  /** A uniform integer in [0, 2^32). */
  uint32(): number;
  /** A uniform number in [0, 1) with 53 random bits. */
  float(): number;
  /** Permutes the items in place (Fisher-Yates) and returns them. */
  shuffle<T>(items: T[]): T[];
}

/**
 * A xoroshiro128+ generator (Blackman and Vigna 2018) whose 128-bit state is the first half of the SHA-256 of `seed` and
 * `stream`, as little-endian 64-bit integers: streams of one seed, and of neighboring seeds, are unrelated.
 * A stream (a purpose, an epoch, a step) can be made anew at any time, so that a resumed run draws what an uninterrupted one draws.
 */
export function createRandom(seed: number, ...stream: readonly number[]): Random {
  const source = xoroshiro128plusFromState(hashToState([seed, ...stream]));
  const uint32 = (): number => source.next() >>> 0;
  return {
    uint32,
    float: () => ((uint32() >>> 5) * 2 ** 26 + (uint32() >>> 6)) / 2 ** 53,
    shuffle<T>(items: T[]) {
      for (let last = items.length - 1; last > 0; last--) {
        const other = uniformBelow(last + 1, uint32);
        // Both indexes lie inside the array.
        [items[last], items[other]] = [items[other] as T, items[last] as T];
      }
      return items;
    },
  };
}

function hashToState(numbers: readonly number[]): number[] {
  const bytes = Buffer.alloc(8 * numbers.length);
  numbers.forEach((number, index) => {
    if (!Number.isSafeInteger(number)) {
      throw new DatasetError('INVALID_OPTION', `a seed must be an integer of at most 53 bits, got ${number}`);
    }
    bytes.writeBigInt64LE(BigInt(number), 8 * index);
  });
  const digest = createHash('sha256').update(bytes).digest();
  return [0, 4, 8, 12].map((offset) => digest.readInt32LE(offset));
}

// Draws again above the largest multiple of `bound`, so that every value is equally likely.
function uniformBelow(bound: number, uint32: () => number): number {
  const limit = 2 ** 32 - (2 ** 32 % bound);
  for (;;) {
    const draw = uint32();
    if (draw < limit) return draw % bound;
  }
}
