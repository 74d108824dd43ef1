import { type ScoredRows, toScoredRows } from './scored-rows.js';

/** Points from (0, 0), where nothing is called positive, to (1, 1); the threshold of the first is Infinity. A rate is NaN where the labels lack its class. */
export interface RocCurve {
  readonly falsePositiveRates: readonly number[];
  readonly truePositiveRates: readonly number[];
  readonly thresholds: readonly number[];
}

/** One point a threshold, rising; then precision 1 at recall 0, which has no threshold. Recalls are NaN where the labels lack positives. */
export interface PrecisionRecallCurve {
  readonly precisions: readonly number[];
  readonly recalls: readonly number[];
  readonly thresholds: readonly number[];
}

/** scikit-learn's `roc_curve` with every threshold kept. Throws a `MetricsError`. */
export function rocCurve(labels: ArrayLike<number>, positiveProbabilities: ArrayLike<number>): RocCurve {
  const none: CountAbove = { threshold: Infinity, positives: 0, negatives: 0 };
  const points = [none, ...countAbove(toScoredRows(labels, positiveProbabilities))];
  const { positives, negatives } = points.at(-1) ?? none;
  return {
    falsePositiveRates: points.map((point) => point.negatives / negatives),
    truePositiveRates: points.map((point) => point.positives / positives),
    thresholds: points.map((point) => point.threshold),
  };
}

/** scikit-learn's `precision_recall_curve`. Throws a `MetricsError`. */
export function precisionRecallCurve(
  labels: ArrayLike<number>,
  positiveProbabilities: ArrayLike<number>,
): PrecisionRecallCurve {
  const points = countAbove(toScoredRows(labels, positiveProbabilities)).reverse();
  const positives = points[0]?.positives ?? 0;
  return {
    precisions: [...points.map((point) => point.positives / (point.positives + point.negatives)), 1],
    recalls: [...points.map((point) => point.positives / positives), 0],
    thresholds: points.map((point) => point.threshold),
  };
}

interface CountAbove {
  readonly threshold: number;
  readonly positives: number;
  readonly negatives: number;
}

/** For each probability, falling: how many rows of each class have it or a higher one. */
function countAbove({ labels, probabilities }: ScoredRows): CountAbove[] {
  const points: CountAbove[] = [];
  let positives = 0;
  for (let row = labels.length - 1; row >= 0; row--) {
    positives += labels[row] ?? 0;
    const threshold = probabilities[row] ?? NaN;
    if (probabilities[row - 1] !== threshold) {
      points.push({ threshold, positives, negatives: labels.length - row - positives });
    }
  }
  return points;
}
