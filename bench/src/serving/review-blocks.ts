import { createRandom } from '@marquee/dataset';

/**
 * Deals items into blocks of like lengths: of `blocks` neighbors by length each block gets one, so that a server that had time for one block has met
 * reviews as long as one that had time for all. What is left over is dropped; the order within a block is random.
 */
export function dealBlocks<Item>(
  items: readonly Item[],
  blocks: number,
  lengthOf: (item: Item) => number,
): readonly (readonly Item[])[] {
  const random = createRandom(1);
  const sorted = items.toSorted((a, b) => lengthOf(a) - lengthOf(b));
  const dealt = Array.from({ length: blocks }, (): Item[] => []);
  for (let start = 0; start + blocks <= sorted.length; start += blocks) {
    const neighbors = random.shuffle(sorted.slice(start, start + blocks));
    for (const [block, item] of neighbors.entries()) dealt[block]?.push(item);
  }
  return dealt.map((block) => random.shuffle(block));
}
