import { mersenne } from 'pure-rand/generator/mersenne';

/** Rows of a sparse matrix: row i holds `rowScales[i] · columnScales[j]` in each column j of `columns[i]`, and zero elsewhere. */
export interface ScaledRows {
  readonly columns: readonly Uint32Array[];
  readonly rowScales: Float64Array;
  readonly columnScales: Float64Array;
}

export interface LogisticRegressionOptions {
  /** C: what the losses weigh beside ½ ‖w‖². */
  readonly inverseRegularization: number;
  /** Decides the order in which rows are visited. */
  readonly seed: number;
  /** Passes end when no row's dual variable was farther than this part of C from where its margin puts it. */
  readonly tolerance: number;
  readonly maxPasses: number;
}

export interface LinearFunction {
  /** Multiplied by the columns' scales, so that a row's value is `rowScales[i] · Σ weights[j] + bias`. */
  readonly scaledWeights: Float64Array;
  readonly bias: number;
}

/**
 * L2-regularized logistic regression, min over w of ½ ‖w‖² + C Σ log(1 + exp(−y w·x)), where the bias is the weight of a constant 1 (LIBLINEAR's problem).
 * Solved in the dual by coordinate descent (Yu, Huang and Lin 2011): a pass costs as much as two scorings of all rows, and some ten suffice.
 */
export function fitLogisticRegression(
  rows: ScaledRows,
  labels: ArrayLike<number>,
  options: LogisticRegressionOptions,
): LinearFunction {
  const { columns, rowScales, columnScales } = rows;
  const { inverseRegularization: C, seed, tolerance, maxPasses } = options;
  const squaredScales = columnScales.map((scale) => scale ** 2);
  const scaledWeights = new Float64Array(columnScales.length);
  let bias = 0;
  const duals = new Float64Array(columns.length); // α of each row, in [0, C]; w = Σ α y x
  const norms = columns.map((row, i) => 1 + rowScales[i]! ** 2 * sumAt(squaredScales, row)); // ‖x‖²
  const order = Uint32Array.from(columns, (_, i) => i);
  const random = mersenne(seed);

  for (let pass = 0; pass < maxPasses; pass++) {
    shuffle(order, random);
    let farthest = 0;
    for (const i of order) {
      // i is a row: every array by rows has an entry for it.
      const row = columns[i]!;
      const dual = duals[i]!;
      const sign = labels[i] === 1 ? 1 : -1;
      const margin = sign * (bias + rowScales[i]! * sumAt(scaledWeights, row));
      farthest = Math.max(farthest, Math.abs(dual / C - sigmoid(-margin)));
      duals[i] = solveDual(dual, margin, norms[i]!, C);
      const step = sign * (duals[i] - dual);
      bias += step;
      addAt(scaledWeights, row, squaredScales, step * rowScales[i]!);
    }
    if (farthest <= tolerance) break;
  }
  return { scaledWeights, bias };
}

/** Σ values[j] over the columns of a row, which lie within the values. */
function sumAt(values: Float64Array, row: Uint32Array): number {
  let sum = 0;
  for (let k = 0; k < row.length; k++) sum += values[row[k]!]!;
  return sum;
}

/** values[j] += factor · scales[j] at the columns of a row. */
function addAt(values: Float64Array, row: Uint32Array, scales: Float64Array, factor: number): void {
  for (let k = 0; k < row.length; k++) values[row[k]!]! += factor * scales[row[k]!]!;
}

/**
 * The best α of one row while all others stay: the root of log(α / (C − α)) + margin + ‖x‖² (α − dual), found in t = log(α / (C − α)), where the function rises
 * everywhere and its slope is at least 1, by Newton's method inside a shrinking bracket.
 */
function solveDual(dual: number, margin: number, norm: number, C: number): number {
  let low = -margin - norm * (C - dual);
  let high = -margin + norm * dual;
  let t = Math.min(Math.max(-margin, low), high);
  for (let iteration = 0; iteration < 100; iteration++) {
    const share = sigmoid(t);
    const value = t + margin + norm * (C * share - dual);
    if (Math.abs(value) < 1e-12 * (1 + Math.abs(margin))) break;
    if (value > 0) high = t;
    else low = t;
    const newton = t - value / (1 + norm * C * share * (1 - share));
    const next = newton > low && newton < high ? newton : (low + high) / 2;
    if (next === t) break;
    t = next;
  }
  return C * sigmoid(t);
}

/** exp never overflows to NaN here. */
const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

/** Fisher-Yates; a bias of one in 2^32 / rows does no harm here. */
function shuffle(items: Uint32Array, random: { next(): number }): void {
  for (let last = items.length - 1; last > 0; last--) {
    const other = Math.floor(((random.next() >>> 0) * (last + 1)) / 2 ** 32);
    const item = items[last]!; // both indexes lie inside the array
    items[last] = items[other]!;
    items[other] = item;
  }
}
