/** No token ends at this node. */
const NONE = -1;

/**
 * Tokens as a tree of UTF-16 units, in which the longest token at a place of a text is found in one walk. The edges lie in one hash table, open addressed and at most half
 * full: about 2 MB for BERT's 30,522 tokens, where a table of strings would be asked once for every remaining length.
 */
export class TokenTrie {
  /** Of the token that was found last. */
  id = NONE;
  /** Where it ends. */
  end = 0;
  /** By node: the id of the token that ends there. */
  readonly #ids: Int32Array;
  /** By slot of the table: node above, unit, node below; 0 below is an empty slot, since no edge leads to the root. */
  readonly #above: Int32Array;
  readonly #units: Uint16Array;
  readonly #below: Int32Array;

  constructor(tokens: Iterable<readonly [token: string, id: number]>) {
    const { edges, ids } = buildTree(tokens);
    const slots = 2 ** Math.ceil(Math.log2(2 * edges.size + 1));
    this.#ids = Int32Array.from(ids);
    this.#above = new Int32Array(slots);
    this.#units = new Uint16Array(slots);
    this.#below = new Int32Array(slots);
    for (const [edge, below] of edges) {
      const [above, unit] = [Math.floor(edge / 0x10000), edge % 0x10000];
      const slot = this.#slotOf(above, unit);
      this.#above[slot] = above;
      this.#units[slot] = unit;
      this.#below[slot] = below;
    }
  }

  /** Finds the longest token that starts at `start`; `id` and `end` then tell of it. */
  find(text: string, start: number): boolean {
    this.id = NONE;
    for (let node = 0, i = start; i < text.length;) {
      node = this.#below[this.#slotOf(node, text.charCodeAt(i++))]!; // as every look-up here, within the table
      if (node === 0) break;
      if (this.#ids[node] === NONE) continue;
      this.id = this.#ids[node]!;
      this.end = i;
    }
    return this.id !== NONE;
  }

  /** The slot of an edge, or the empty one where it would stand. */
  #slotOf(above: number, unit: number): number {
    const mask = this.#below.length - 1;
    let slot = (Math.imul(above, 0x9e3779b1) ^ Math.imul(unit, 0x85ebca6b)) >>> 7;
    while (this.#below[(slot &= mask)] !== 0 && (this.#above[slot] !== above || this.#units[slot] !== unit)) slot++;
    return slot;
  }
}

/** Edges as above · 2^16 + unit. */
function buildTree(tokens: Iterable<readonly [string, number]>): { edges: Map<number, number>; ids: number[] } {
  const edges = new Map<number, number>();
  const ids = [NONE];
  for (const [token, id] of tokens) {
    let node = 0;
    for (let i = 0; i < token.length; i++) {
      const edge = node * 0x10000 + token.charCodeAt(i);
      const below = edges.get(edge) ?? ids.push(NONE) - 1;
      edges.set(edge, below);
      node = below;
    }
    ids[node] = id;
  }
  ids[0] = NONE; // an empty token would match everywhere
  return { edges, ids };
}
