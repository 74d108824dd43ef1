/** Least-squares slope of `ys` over `xs`, pair by pair; NaN where fewer than two different xs decide it. */
export function slope(xs: readonly number[], ys: readonly number[]): number {
  const meanX = mean(xs);
  const meanY = mean(ys);
  let products = 0;
  let squares = 0;
  for (const [i, x] of xs.entries()) {
    products += (x - meanX) * ((ys[i] ?? NaN) - meanY);
    squares += (x - meanX) ** 2;
  }
  return squares > 0 ? products / squares : NaN;
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
