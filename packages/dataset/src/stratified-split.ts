import { DatasetError } from './dataset-error.js';
import { type Random, createRandom } from './random.js';

/** Row indexes of both sides, ascending. */
export interface Split {
  readonly rest: number[];
  readonly part: number[];
}

/** Keeps the stream of splits apart from other uses of one seed. */
const SPLIT_STREAM = 0x73706c69;

/**
 * Holds out `fraction` of the rows of each class (rounded, and at least one row on each side where a class has two), chosen by
 * seed. Rows of one group, which share a key (a row digest, the first row of their group), stay on one side, so that no review is both learned and asked.
 */
export function stratifiedSplit(
  labels: ArrayLike<number>,
  fraction: number,
  seed: number,
  groups?: ArrayLike<string | number>,
): Split {
  if (!(fraction > 0 && fraction < 1)) {
    throw new DatasetError('INVALID_OPTION', `fraction must lie between 0 and 1, got ${fraction}`);
  }
  if (groups && groups.length !== labels.length) {
    throw new DatasetError('INVALID_OPTION', `expected ${labels.length} groups, one a row, got ${groups.length}`);
  }
  const random = createRandom(seed, SPLIT_STREAM);
  const isHeldOut = new Uint8Array(labels.length);
  for (const ofClass of groupsByClass(labels, groups)) {
    for (const row of chooseRows(ofClass, fraction, random)) isHeldOut[row] = 1;
  }
  const rows = Array.from({ length: labels.length }, (_, row) => row);
  return { rest: rows.filter((row) => isHeldOut[row] === 0), part: rows.filter((row) => isHeldOut[row] === 1) };
}

// For each class its groups of rows with one key; a group with rows of both classes counts for the class of its first row.
function groupsByClass(labels: ArrayLike<number>, keys: ArrayLike<string | number> | undefined): number[][][] {
  const groups = new Map<string | number, number[]>();
  for (let row = 0; row < labels.length; row++) {
    const key = keys?.[row] ?? row;
    const group = groups.get(key);
    if (group) group.push(row);
    else groups.set(key, [row]);
  }
  const classes = new Map<number, number[][]>();
  for (const group of groups.values()) {
    const label = labels[group[0] ?? 0] ?? 0;
    const ofClass = classes.get(label);
    if (ofClass) ofClass.push(group);
    else classes.set(label, [group]);
  }
  return [...classes.entries()].sort(([a], [b]) => a - b).map(([, ofClass]) => ofClass);
}

function chooseRows(groups: number[][], fraction: number, random: Random): number[] {
  const total = groups.reduce((sum, group) => sum + group.length, 0);
  const wanted = Math.min(Math.max(Math.round(fraction * total), 1), total - 1);
  const chosen: number[] = [];
  for (const group of random.shuffle(groups)) {
    if (chosen.length + group.length <= wanted) chosen.push(...group);
  }
  return chosen;
}
