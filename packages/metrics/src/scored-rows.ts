import { MetricsError } from './metrics-error.js';

/**
 * Rows by ascending probability, then label: an order that does not depend on the order of the input, so that sums come out equal
 * to the bit, and that holds the ranks which the areas under curves need.
 */
export interface ScoredRows {
  readonly labels: Uint8Array;
  readonly probabilities: Float64Array;
  /** −ln of the probability that was given to the row's label. */
  readonly losses: Float64Array;
  /** Which row of the input stands at each place. */
  readonly order: Uint32Array;
  /** Rows from here on are predicted positive: their probability is above one half. */
  readonly firstPositive: number;
}

/** Probabilities are clipped to [ε, 1 − ε] with the ε of float64, as scikit-learn's `log_loss` does, so that losses are finite. */
const EPSILON = Number.EPSILON;

/** Validates and sorts. Throws a `MetricsError` that names the index. */
export function toScoredRows(labels: ArrayLike<number>, positiveProbabilities: ArrayLike<number>): ScoredRows {
  checkRows(labels, positiveProbabilities);
  const order = Uint32Array.from({ length: labels.length }, (_, row) => row);
  // Both indexes lie inside both arrays.
  order.sort((a, b) => positiveProbabilities[a]! - positiveProbabilities[b]! || labels[a]! - labels[b]!);

  const sortedLabels = Uint8Array.from(order, (row) => labels[row]!);
  const probabilities = Float64Array.from(order, (row) => positiveProbabilities[row]!);
  const losses = probabilities.map((positive, index) => {
    const given = sortedLabels[index] === 1 ? positive : 1 - positive;
    return -Math.log(Math.min(Math.max(given, EPSILON), 1 - EPSILON));
  });
  const firstPositive = probabilities.findIndex((probability) => probability > 0.5);
  return {
    labels: sortedLabels,
    probabilities,
    losses,
    order,
    firstPositive: firstPositive === -1 ? order.length : firstPositive,
  };
}

function checkRows(labels: ArrayLike<number>, probabilities: ArrayLike<number>): void {
  requireOneEach(labels, probabilities, 'probability', 'probabilities');
  for (let row = 0; row < labels.length; row++) {
    requireLabel(labels[row], row);
    const probability = probabilities[row] ?? Number.NaN;
    if (!(probability >= 0 && probability <= 1)) {
      throw new MetricsError('INVALID_PROBABILITY', `probability ${row} must lie in [0, 1], got ${probability}`);
    }
  }
}

/** Throws unless there is at least one label, and as many values. */
export function requireOneEach(
  labels: ArrayLike<number>,
  values: ArrayLike<number>,
  value: string,
  plural: string,
): void {
  if (labels.length !== values.length) {
    const lengths = `${labels.length} labels and ${values.length} ${plural}`;
    throw new MetricsError('LENGTH_MISMATCH', `expected one ${value} a label, got ${lengths}`);
  }
  if (labels.length === 0) throw new MetricsError('EMPTY_INPUT', 'expected at least one row, got none');
}

/** Throws INVALID_LABEL unless the label is a class id. */
export function requireLabel(label: number | undefined, row: number): void {
  if (label === 0 || label === 1) return;
  throw new MetricsError('INVALID_LABEL', `label ${row} must be 0 or 1, got ${String(label)}`);
}
