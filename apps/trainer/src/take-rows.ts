/** The part of `values` at the rows, which are indexes of them. */
export const takeRows = <T>(values: ArrayLike<T>, rows: readonly number[]): T[] => rows.map((row) => values[row] as T);
