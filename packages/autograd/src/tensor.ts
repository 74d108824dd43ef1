import type { DataType } from './dtype.js';
import type { Op } from './op.js';
import type { Shape } from './shape.js';

export interface TensorType {
  readonly dtype: DataType;
  readonly shape: Shape;
}

/** One application of an operation. Nodes are immutable and point backwards only, so a graph cannot hold a cycle. */
export interface Node {
  readonly id: number;
  readonly name: string;
  readonly op: Op;
  readonly inputs: readonly Tensor[];
  readonly attributes: object;
  readonly outputs: readonly Tensor[];
}

/** A value of the graph: what a node gives, a graph input, or a constant. It holds no numbers while a graph is built. */
export interface Tensor extends TensorType {
  readonly id: number;
  readonly source: TensorSource;
}

export type TensorSource =
  | { readonly kind: 'node'; readonly node: Node; readonly index: number }
  | { readonly kind: 'input'; readonly name: string }
  | { readonly kind: 'constant'; readonly data: Uint8Array; readonly name?: string };

let lastId = 0;

export function nextId(): number {
  lastId += 1;
  return lastId;
}
