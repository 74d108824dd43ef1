import { CALIBRATION_BINS } from './classification-metrics.js';
import { equalBins } from './equal-bins.js';
import { toScoredRows } from './scored-rows.js';

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
