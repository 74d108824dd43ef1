import { DatasetError } from './dataset-error.js';
import { createRandom, type Random } from './random.js';

export interface GroupedSplitOptions {
  /** Class id of each row. */
  readonly labels: ArrayLike<number>;
  /** For each row any number that the rows of its group share, and no others. */
  readonly groups: ArrayLike<number>;
  /** Share of the rows that each part gets; they sum to one. */
  readonly shares: readonly number[];
  readonly seed: number;
}

/** Keeps these draws apart from other uses of one seed. */
const SPLIT_STREAM = 0x67737074;

/**
 * Deals the rows to parts, as ascending row indexes: a group goes to one part as a whole, each part gets its share of every class, and sizes are exact
 * (to the rounded row) wherever groups allow, which single rows, dealt last, nearly always bring about. Chosen by seed.
 */
export function groupedSplit({ labels, groups, shares, seed }: GroupedSplitOptions): number[][] {
  requireShares(shares);
  if (groups.length !== labels.length) {
    throw new DatasetError('INVALID_OPTION', `expected ${labels.length} groups, one a row, got ${groups.length}`);
  }
  const random = createRandom(seed, SPLIT_STREAM);
  const room = roomOf(labels, shares);
  const partOf = new Uint8Array(labels.length);
  for (const rows of largestFirst(groups, random)) {
    const counts = countClasses(rows, labels);
    const part = choosePart(room, counts, random);
    counts.forEach((count, label) => (room[part]![label]! -= count)); // room is [parts, classes]
    for (const row of rows) partOf[row] = part;
  }
  return shares.map((_, part) => [...partOf.keys()].filter((row) => partOf[row] === part));
}

function requireShares(shares: readonly number[]): void {
  const sum = shares.reduce((total, share) => total + share, 0);
  if (shares.every((share) => share >= 0) && Math.abs(sum - 1) < 1e-9 && shares.length <= 256) return;
  throw new DatasetError('INVALID_OPTION', `shares must be at least 0 and sum to 1, got ${shares.join(', ')}`);
}

/**
 * Rows of each class that each part is to get, [parts, classes]: the rounded share of all rows, apportioned to the classes that are left; the first part
 * gets what remains.
 */
function roomOf(labels: ArrayLike<number>, shares: readonly number[]): number[][] {
  const left = countClasses([...Array(labels.length).keys()], labels);
  const later = shares.slice(1).map((share) => {
    const counts = apportion(Math.round(share * labels.length), left);
    counts.forEach((count, label) => (left[label]! -= count)); // one count a class
    return counts;
  });
  return [left, ...later];
}

/** Whole numbers in proportion to the weights that sum to `size`, none above its weight (largest remainders, Hamilton's method). */
function apportion(size: number, weights: readonly number[]): number[] {
  const sum = weights.reduce((total, weight) => total + weight, 0);
  const quotas = weights.map((weight) => (sum === 0 ? 0 : (Math.min(size, sum) * weight) / sum));
  const counts = quotas.map(Math.floor);
  const missing = Math.min(size, sum) - counts.reduce((total, count) => total + count, 0);
  const remainder = (index: number): number => quotas[index]! - counts[index]!; // one quota and one count a weight
  const byRemainder = [...weights.keys()].sort((a, b) => remainder(b) - remainder(a));
  for (const index of byRemainder.slice(0, missing)) counts[index]!++;
  return counts;
}

function countClasses(rows: readonly number[], labels: ArrayLike<number>): number[] {
  const counts: number[] = [];
  for (const row of rows) {
    const label = labels[row] ?? 0;
    while (counts.length <= label) counts.push(0);
    counts[label]!++; // just made
  }
  return counts;
}

/** Groups of rows, shuffled, then the larger first: what is hard to place comes while there is room. */
function largestFirst(groups: ArrayLike<number>, random: Random): number[][] {
  const members = new Map<number, number[]>();
  for (let row = 0; row < groups.length; row++) {
    const key = groups[row] ?? row;
    const rows = members.get(key);
    if (rows) rows.push(row);
    else members.set(key, [row]);
  }
  return random.shuffle([...members.values()]).sort((a, b) => b.length - a.length);
}

/** A part with room for the whole group, drawn in proportion to its room; where none has, the part with the most. */
function choosePart(room: readonly (readonly number[])[], counts: readonly number[], random: Random): number {
  const left = room.map((ofPart) =>
    counts.reduce((sum, count, label) => sum + (count > 0 ? (ofPart[label] ?? 0) : 0), 0),
  );
  const fits = room.map((ofPart) => counts.every((count, label) => count === 0 || count <= (ofPart[label] ?? 0)));
  const weights = left.map((rows, part) => (fits[part] ? rows : 0));
  let draw = random.float() * weights.reduce((sum, weight) => sum + weight, 0);
  for (const [part, weight] of weights.entries()) {
    if (weight > 0 && draw < weight) return part;
    draw -= weight;
  }
  return left.indexOf(Math.max(...left));
}
