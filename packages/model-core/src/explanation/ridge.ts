export interface WeightedRows {
  /** [rows][columns] */
  readonly rows: readonly Uint8Array[];
  readonly targets: readonly number[];
  readonly weights: readonly number[];
}

/**
 * Coefficients of a weighted ridge regression with an intercept that is not penalized: min over w, b of Σ weight (target − w·row − b)² + penalty ‖w‖². Solved in the dual,
 * whose size is the number of rows: w = Xᵀ (X Xᵀ + penalty I)⁻¹ y, where X and y are centered and scaled by the roots of the weights.
 */
export function fitRidge({ rows, targets, weights }: WeightedRows, penalty: number): Float64Array {
  const columns = rows[0]?.length ?? 0;
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const means = new Float64Array(columns);
  rows.forEach((row, i) => row.forEach((value, column) => void (means[column]! += (weights[i]! * value) / total)));
  const targetMean = targets.reduce((sum, target, i) => sum + (weights[i]! * target) / total, 0);
  const roots = weights.map(Math.sqrt);
  const centered = rows.map((row, i) =>
    Float64Array.from(row, (value, column) => roots[i]! * (value - means[column]!)),
  );
  const gram = centered.map((a, i) => Float64Array.from(rows, (_, j) => (j > i ? 0 : dot(a, centered[j]!))));
  gram.forEach((row, i) => void (row[i]! += penalty));
  const duals = solveCholesky(
    gram,
    targets.map((target, i) => roots[i]! * (target - targetMean)),
  );
  const coefficients = new Float64Array(columns);
  centered.forEach((row, i) => row.forEach((value, column) => void (coefficients[column]! += duals[i]! * value)));
  return coefficients;
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!; // equally long
  return sum;
}

/** Solves a x = b for a symmetric positive definite matrix, of which the lower triangle is read and overwritten. */
function solveCholesky(a: readonly Float64Array[], b: readonly number[]): Float64Array {
  const x = Float64Array.from(b);
  a.forEach((row, i) => {
    for (let j = 0; j <= i; j++) {
      const other = a[j]!; // rows and columns lie inside the matrix
      let sum = row[j]!;
      for (let k = 0; k < j; k++) sum -= row[k]! * other[k]!;
      row[j] = i === j ? Math.sqrt(sum) : sum / other[j]!;
    }
    for (let j = 0; j < i; j++) x[i]! -= row[j]! * x[j]!;
    x[i]! /= row[i]!;
  });
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = i + 1; j < a.length; j++) x[i]! -= a[j]![i]! * x[j]!;
    x[i]! /= a[i]![i]!;
  }
  return x;
}
