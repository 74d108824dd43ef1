import { MetricsError } from './metrics-error.js';
import { requireLabel, requireOneEach } from './scored-rows.js';

/** No temperature outside of these is looked at: beyond them, probabilities are all but one half, or all but certain. */
const BOUNDS = { least: 1 / 100, greatest: 100 } as const;

export interface FittedTemperature {
  readonly temperature: number;
  /** Whether the loss is least inside the bounds (0.01 to 100), and not at one of them because it falls up to there. */
  readonly isMinimum: boolean;
}

/**
 * Temperature scaling (Guo et al. 2017): the T > 0 that minimizes the log loss when logits are divided by it. `margins` are the positive class's logit minus the negative
 * one's. The loss is convex in 1/T, so its minimum is found by bisection of the derivative, in log(1/T), to the last bit. There is no minimum
 * where every row is right (T would go to 0) or where the margins tell nothing of the labels (T would go to ∞). Throws a `MetricsError`.
 */
export function fitTemperature(labels: ArrayLike<number>, margins: ArrayLike<number>): FittedTemperature {
  const rightMargins = toRightMargins(labels, margins);
  const slopeAt = (logInverse: number): number => slope(rightMargins, Math.exp(logInverse));
  let low = -Math.log(BOUNDS.greatest);
  let high = -Math.log(BOUNDS.least);
  if (slopeAt(low) >= 0) return { temperature: BOUNDS.greatest, isMinimum: false };
  if (slopeAt(high) <= 0) return { temperature: BOUNDS.least, isMinimum: false };
  for (;;) {
    const middle = (low + high) / 2;
    if (middle <= low || middle >= high) return { temperature: Math.exp(-middle), isMinimum: true };
    if (slopeAt(middle) < 0) low = middle;
    else high = middle;
  }
}

/** The probability that the same logits give when they are divided by a temperature. */
export function temperProbability(probability: number, temperature: number): number {
  const margin = Math.log(probability) - Math.log1p(-probability);
  return 1 / (1 + Math.exp(-margin / temperature));
}

/** Logit of the row's own label minus that of the other. */
function toRightMargins(labels: ArrayLike<number>, margins: ArrayLike<number>): Float64Array {
  requireOneEach(labels, margins, 'margin', 'margins');
  return Float64Array.from(margins, (margin, row) => {
    requireLabel(labels[row], row);
    if (!Number.isFinite(margin)) {
      throw new MetricsError('INVALID_MARGIN', `margin ${row} must be a finite number, got ${margin}`);
    }
    return labels[row] === 1 ? margin : -margin;
  });
}

/** Derivative of the summed loss Σ log(1 + exp(−β m)) by β: Σ −m / (1 + exp(β m)). */
function slope(rightMargins: Float64Array, inverse: number): number {
  return rightMargins.reduce((sum, margin) => sum - margin / (1 + Math.exp(inverse * margin)), 0);
}
