import type { DuplicateGroups } from './duplicate-groups.js';

/** Groups whose lines are listed, at most: enough to look at. */
const LISTED_GROUPS = 20;

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
  /** Lines at which the rows of the first near groups start. */
  readonly lines: readonly (readonly number[])[];
}

/** Groups whose rows have different labels. */
export interface ConflictCounts {
  readonly equal: number;
  readonly near: number;
  /** Lines at which the rows of the first near groups with different labels start. */
  readonly lines: readonly (readonly number[])[];
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
  /** Lines of the first rows of the first shared reviews, in both. */
  readonly lines: readonly (readonly [number, number])[];
}

/** The rows of one part among those of all. */
export interface RowRange {
  readonly name: string;
  /** Line of the file at which a row of the part starts, counted from the part's first row. */
  readonly lines: ArrayLike<number>;
  readonly start: number;
  /** Exclusive. */
  readonly end: number;
}

export function countCopies(groups: DuplicateGroups, { lines, ...range }: RowRange): CopyCounts {
  const kinds = [groups.identical, groups.equal, groups.near] as const;
  const members = (firstRows: Uint32Array): number[][] =>
    [...rowsByGroup(firstRows, range).values()].filter((rows) => rows.length > 1);
  const [identical, equal, near] = kinds.map(members) as [number[][], number[][], number[][]];
  return { identical: sizesOf(identical), equal: sizesOf(equal), near: sizesOf(near), lines: list(near, lines) };
}

function sizesOf(groups: readonly (readonly number[])[]): CopyCount {
  const rows = groups.reduce((sum, group) => sum + group.length, 0);
  return { groups: groups.length, rows, surplus: rows - groups.length };
}

/** @param labels class ids of the part's rows */
export function countConflicts(
  groups: DuplicateGroups,
  labels: ArrayLike<number>,
  { lines, ...range }: RowRange,
): ConflictCounts {
  const mixed = (firstRows: Uint32Array): number[][] =>
    [...rowsByGroup(firstRows, range).values()].filter((rows) => rows.some((row) => labels[row] !== labels[rows[0]!])); // no group is empty
  const near = mixed(groups.near);
  return { equal: mixed(groups.equal).length, near: near.length, lines: list(near, lines) };
}

const list = (groups: readonly (readonly number[])[], lines: ArrayLike<number>): number[][] =>
  groups.slice(0, LISTED_GROUPS).map((rows) => rows.map((row) => lines[row] ?? 0));

/** What two parts share, or undefined when it is nothing. */
export function countOverlap(groups: DuplicateGroups, first: RowRange, second: RowRange): Overlap | undefined {
  const shared = (firstRows: Uint32Array): (readonly [number[], number[]])[] => {
    const inSecond = rowsByGroup(firstRows, second);
    return [...rowsByGroup(firstRows, first)].flatMap(([key, rows]) => {
      const others = inSecond.get(key);
      return others ? [[rows, others] as const] : [];
    });
  };
  const near = shared(groups.near);
  if (near.length === 0) return undefined;
  const rowsIn = (side: 0 | 1): number => near.reduce((sum, pair) => sum + pair[side].length, 0);
  return {
    parts: [first.name, second.name],
    identical: shared(groups.identical).length,
    equal: shared(groups.equal).length,
    near: near.length,
    nearRows: [rowsIn(0), rowsIn(1)],
    lines: near
      .slice(0, LISTED_GROUPS)
      .map(([[row = 0], [other = 0]]) => [first.lines[row] ?? 0, second.lines[other] ?? 0]),
  };
}

/** Rows of a part by their group, counted from the part's first row. */
function rowsByGroup(firstRows: Uint32Array, { start, end }: Pick<RowRange, 'start' | 'end'>): Map<number, number[]> {
  const groups = new Map<number, number[]>();
  for (let row = start; row < end; row++) {
    const key = firstRows[row] ?? row;
    const rows = groups.get(key);
    if (rows) rows.push(row - start);
    else groups.set(key, [row - start]);
  }
  return groups;
}
