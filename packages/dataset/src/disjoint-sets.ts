/** Sets of the integers below `size` that grow together (union by size, path halving; Tarjan 1975). */
export interface DisjointSets {
  /** The member that stands for the set of `item`. */
  find(item: number): number;
  unite(a: number, b: number): void;
}

export function createDisjointSets(size: number): DisjointSets {
  const parents = Uint32Array.from({ length: size }, (_, item) => item);
  const sizes = new Uint32Array(size).fill(1);
  const parentOf = (item: number): number => parents[item]!; // every parent is an item below `size`

  const find = (item: number): number => {
    let root = item;
    while (parentOf(root) !== root) root = parents[root] = parentOf(parentOf(root));
    return root;
  };
  return {
    find,
    unite(a, b) {
      const [rootA, rootB] = [find(a), find(b)];
      if (rootA === rootB) return;
      const [small, large] = sizes[rootA]! < sizes[rootB]! ? [rootA, rootB] : [rootB, rootA]; // roots are items
      parents[small] = large;
      sizes[large]! += sizes[small]!;
    },
  };
}
