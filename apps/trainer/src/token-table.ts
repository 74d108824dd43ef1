import type { EncodedReview } from '@marquee/model-core';

/** Token ids of many texts in one piece of memory: text by text, without padding. */
export interface TokenTable {
  /** Ids of the first text, then of the second, and so on. */
  readonly ids: Int32Array;
  /** Ids of each text. */
  readonly lengths: Uint32Array;
  /** Tokens of each text before it was cut. */
  readonly tokenCounts: Uint32Array;
}

export interface TokenTableBuilder {
  add(encoded: EncodedReview): void;
  /** What was added so far, in memory of its exact size. */
  build(): TokenTable;
}

const FIRST_CAPACITY = 2 ** 16;

export function createTokenTableBuilder(): TokenTableBuilder {
  let ids = new Int32Array(FIRST_CAPACITY);
  let end = 0;
  const lengths: number[] = [];
  const tokenCounts: number[] = [];
  return {
    add({ inputIds, tokenCount }) {
      if (end + inputIds.length > ids.length) {
        const larger = new Int32Array(2 * (end + inputIds.length));
        larger.set(ids.subarray(0, end));
        ids = larger;
      }
      ids.set(inputIds, end);
      end += inputIds.length;
      lengths.push(inputIds.length);
      tokenCounts.push(tokenCount);
    },
    build: () => ({
      ids: ids.slice(0, end),
      lengths: Uint32Array.from(lengths),
      tokenCounts: Uint32Array.from(tokenCounts),
    }),
  };
}

/** The ids of each text, as views of the table. */
export function sequencesOf({ ids, lengths }: TokenTable): Int32Array[] {
  let end = 0;
  return Array.from(lengths, (length) => ids.subarray(end, (end += length)));
}
