/**
 * How much more often each column occurs in the positive rows than in the negative ones: r = log((p / ‖p‖₁) / (q / ‖q‖₁)), where p and q count the rows of each
 * class that hold the column, `smoothing` added to each (Wang and Manning 2012). Returns [columnCount].
 */
export function logCountRatios(
  columns: readonly Uint32Array[],
  labels: ArrayLike<number>,
  columnCount: number,
  smoothing: number,
): Float64Array {
  const positive = new Float64Array(columnCount).fill(smoothing);
  const negative = new Float64Array(columnCount).fill(smoothing);
  columns.forEach((row, i) => {
    const counts = labels[i] === 1 ? positive : negative;
    for (const column of row) counts[column]!++; // columns lie below columnCount
  });
  const shift = Math.log(sum(negative)) - Math.log(sum(positive));
  return positive.map((count, column) => Math.log(count) - Math.log(negative[column]!) + shift);
}

const sum = (values: Float64Array): number => values.reduce((total, value) => total + value, 0);
