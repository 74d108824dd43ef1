import { createDisjointSets } from './disjoint-sets.js';
import { findNearDuplicates, type NearDuplicateOptions } from './near-duplicates.js';

/** Which rows say the same: for each row the first row of its group, itself where it is alone. Each kind holds the one before. */
export interface DuplicateGroups {
  /** The same text, character by character. */
  readonly identical: Uint32Array;
  /** The same text but for layout (see `rowDigest`). */
  readonly equal: Uint32Array;
  /** Equal, or nearly equal (see `findNearDuplicates`), also through other rows. */
  readonly near: Uint32Array;
}

/** Groups rows by their texts and row digests. Pure; 50,000 reviews take about ten seconds. */
export function findDuplicates(
  texts: readonly string[],
  digests: readonly string[],
  options?: NearDuplicateOptions,
): DuplicateGroups {
  const equal = firstRows(digests);
  const distinct = [...equal.keys()].filter((row) => equal[row] === row);
  const groups = createDisjointSets(texts.length);
  equal.forEach((first, row) => groups.unite(first, row));
  const pairs = findNearDuplicates(
    distinct.map((row) => texts[row] ?? ''),
    options,
  );
  for (const { first, second } of pairs) groups.unite(distinct[first]!, distinct[second]!); // pairs index `distinct`
  const near = firstRows(Array.from(texts, (_, row) => groups.find(row)));
  return { identical: firstRows(texts), equal, near };
}

/** Joins groups of rows that share a row with a group of the same value: rows of one film, say. Rows with an empty value are not joined. */
export function joinGroups(groups: ArrayLike<number>, values: readonly string[]): Uint32Array {
  const joined = createDisjointSets(values.length);
  const firstOfValue = new Map<string, number>();
  values.forEach((value, row) => {
    joined.unite(groups[row] ?? row, row);
    if (value === '') return;
    const first = firstOfValue.get(value);
    if (first === undefined) firstOfValue.set(value, row);
    else joined.unite(first, row);
  });
  return firstRows(values.map((_, row) => joined.find(row)));
}

/** For each row the first row with its key. */
function firstRows(keys: readonly (string | number)[]): Uint32Array {
  const first = new Map<string | number, number>();
  return Uint32Array.from(keys, (key, row) => {
    const found = first.get(key);
    if (found === undefined) first.set(key, row);
    return found ?? row;
  });
}
