import { CALIBRATION_BINS } from './classification-metrics.js';
import { equalBins } from './equal-bins.js';
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

/** The rows whose probability is above `from` and at most `to`. */
export interface ReliabilityBin {
  readonly from: number;
  readonly to: number;
  readonly count: number;
  /** NaN without rows, like `positiveShare`. */
  readonly meanProbability: number;
  readonly positiveShare: number;
}

/** The reliability diagram: bins of equal width, as in `expectedCalibrationError` and scikit-learn's `calibration_curve`, empty ones kept. Throws a `MetricsError`. */
export function reliabilityBins(
  labels: ArrayLike<number>,
  positiveProbabilities: ArrayLike<number>,
  binCount = CALIBRATION_BINS,
): ReliabilityBin[] {
  const rows = toScoredRows(labels, positiveProbabilities);
  const bins = equalBins(binCount);
  const sums = Array.from({ length: binCount }, () => ({ count: 0, probability: 0, positives: 0 }));
  rows.probabilities.forEach((probability, row) => {
    const sum = sums[bins.indexOf(probability)]!; // a bin's index
    sum.count += 1;
    sum.probability += probability;
    sum.positives += rows.labels[row] ?? 0;
  });
  return sums.map(({ count, probability, positives }, index) => {
    return { ...bins.edgesOf(index), count, meanProbability: probability / count, positiveShare: positives / count };
  });
}

/** The rows whose confidence is above `from` and at most `to`; the first bin holds one half as well. */
export interface ConfidenceBin {
  readonly from: number;
  readonly to: number;
  readonly right: number;
  readonly wrong: number;
}

/** How many rows the model is right and wrong about, by its confidence: the probability of the class that it names, 0.5 to 1. Throws a `MetricsError`. */
export function confidenceHistogram(
  labels: ArrayLike<number>,
  positiveProbabilities: ArrayLike<number>,
  binCount = 10,
): ConfidenceBin[] {
  const rows = toScoredRows(labels, positiveProbabilities);
  const bins = equalBins(binCount);
  const counts = Array.from({ length: binCount }, () => ({ right: 0, wrong: 0 }));
  rows.probabilities.forEach((probability, row) => {
    // |2p − 1| is the confidence spread over [0, 1].
    const count = counts[bins.indexOf(Math.abs(2 * probability - 1))]!; // a bin's index
    if ((row >= rows.firstPositive ? 1 : 0) === rows.labels[row]) count.right += 1;
    else count.wrong += 1;
  });
  return counts.map((count, index) => {
    const { from, to } = bins.edgesOf(index);
    return { from: (1 + from) / 2, to: (1 + to) / 2, ...count };
  });
}
