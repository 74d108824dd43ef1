import type { DuplicateGroups } from './duplicate-groups.js';

export interface CopyCount {
  /** Groups of at least two rows. */
  readonly groups: number;
  /** Rows in them. */
  readonly rows: number;
  /** Rows beyond the first of each group: what dropping copies would remove. */
  readonly surplus: number;
}

/** Copies within one part. Each kind includes the one before; see `DuplicateGroups`. */
export interface CopyCounts {
  readonly identical: CopyCount;
  readonly equal: CopyCount;
  readonly near: CopyCount;
}

/** Groups whose rows have different labels. */
export interface ConflictCounts {
  readonly equal: number;
  readonly near: number;
}

/** Rows of two parts that say the same. */
export interface Overlap {
  readonly parts: readonly [string, string];
  /** Reviews that stand in both, each counted once. */
  readonly identical: number;
  readonly equal: number;
  readonly near: number;
  /** Rows of each part that are equal or nearly equal to one of the other. */
  readonly nearRows: readonly [number, number];
}

export interface RowRange {
  readonly name: string;
  readonly start: number;
  /** Exclusive. */
  readonly end: number;
}

export const countCopies = ({ identical, equal, near }: DuplicateGroups): CopyCounts => ({
  identical: countKind(identical),
  equal: countKind(equal),
  near: countKind(near),
});

function countKind(firstRows: Uint32Array): CopyCount {
  const sizes = [...sizesOf(firstRows).values()].filter((size) => size > 1);
  const rows = sizes.reduce((sum, size) => sum + size, 0);
  return { groups: sizes.length, rows, surplus: rows - sizes.length };
}

export function countConflicts(
  { equal, near }: DuplicateGroups,
  labels: ArrayLike<number> | undefined,
): ConflictCounts {
  if (!labels) return { equal: 0, near: 0 };
  return { equal: countMixed(equal, labels), near: countMixed(near, labels) };
}

function countMixed(firstRows: Uint32Array, labels: ArrayLike<number>): number {
  const labelOf = new Map<number, number>();
  const mixed = new Set<number>();
  firstRows.forEach((first, row) => {
    const label = labels[row] ?? 0;
    const earlier = labelOf.get(first);
    if (earlier === undefined) labelOf.set(first, label);
    else if (earlier !== label) mixed.add(first);
  });
  return mixed.size;
}

/** What two parts share, or undefined when it is nothing. */
export function countOverlap(groups: DuplicateGroups, first: RowRange, second: RowRange): Overlap | undefined {
  const shared = (firstRows: Uint32Array): Map<number, [number, number]> => {
    const inFirst = sizesOf(firstRows.subarray(first.start, first.end));
    const inSecond = sizesOf(firstRows.subarray(second.start, second.end));
    const both = [...inFirst].flatMap(([key, count]): [number, [number, number]][] => {
      const other = inSecond.get(key);
      return other === undefined ? [] : [[key, [count, other]]];
    });
    return new Map(both);
  };
  const near = shared(groups.near);
  if (near.size === 0) return undefined;
  const rows = [...near.values()];
  return {
    parts: [first.name, second.name],
    identical: shared(groups.identical).size,
    equal: shared(groups.equal).size,
    near: near.size,
    nearRows: [rows.reduce((sum, [count]) => sum + count, 0), rows.reduce((sum, [, count]) => sum + count, 0)],
  };
}

function sizesOf(firstRows: Uint32Array): Map<number, number> {
  const sizes = new Map<number, number>();
  for (const first of firstRows) sizes.set(first, (sizes.get(first) ?? 0) + 1);
  return sizes;
}
