import { equalBins } from './equal-bins.js';
import { type ScoredRows, toScoredRows } from './scored-rows.js';

/** The metrics that are one number; each has a bootstrap interval. */
export interface MetricValues {
  readonly accuracy: number;
  readonly precision: number;
  readonly recall: number;
  readonly f1: number;
  readonly rocAuc: number;
  readonly logLoss: number;
  /** Average precision. */
  readonly prAuc: number;
  readonly brier: number;
  readonly expectedCalibrationError: number;
  /** Matthews correlation coefficient. */
  readonly mcc: number;
}

type ConfusionMatrix = readonly [readonly [number, number], readonly [number, number]];

export interface ClassificationMetrics extends MetricValues {
  readonly n: number;
  /** Rows are the true class, columns the predicted one: [[tn, fp], [fn, tp]]. */
  readonly confusionMatrix: ConfusionMatrix;
}

/** Bins of the expected calibration error, as in Guo et al. (2017). */
export const CALIBRATION_BINS = 15;

/**
 * Binary metrics of class 1 as scikit-learn defines them. A row is predicted positive when its probability is above one half
 * (level means negative, as `argmax` decides). Precision, recall, F1 and MCC are 0 where their denominator is; `rocAuc` gives ties half a point and
 * is NaN (null in JSON) where the labels hold one class; `prAuc` is NaN without positives; `logLoss` (nats) clips at the ε of float64 and is always
 * finite. `expectedCalibrationError` is the mean distance between probability and share of positives over 15 bins of equal width, weighted by their rows.
 * Independent of the order of the rows, to the bit. Throws a `MetricsError` for no rows, labels besides 0 and 1, and probabilities outside [0, 1].
 */
export function classificationMetrics(
  labels: ArrayLike<number>,
  positiveProbabilities: ArrayLike<number>,
): ClassificationMetrics {
  const rows = toScoredRows(labels, positiveProbabilities);
  return measure(rows, new Uint32Array(rows.labels.length).fill(1));
}

/** The metrics of `rows` where each counts as often as `counts` says: of a bootstrap resample, in two passes and without sorting again. */
export function measure(rows: ScoredRows, counts: Uint32Array): ClassificationMetrics {
  const { confusionMatrix, rocAuc, prAuc } = measureRanks(rows, counts);
  const { n, mcc, ...decisions } = measureDecisions(confusionMatrix);
  const { logLoss, brier, expectedCalibrationError } = measureProbabilities(rows, counts, n);
  return { n, ...decisions, rocAuc, logLoss, prAuc, brier, expectedCalibrationError, mcc, confusionMatrix };
}

/** What depends on the order of the probabilities alone: a walk from the likeliest row down, ties together. */
function measureRanks({ labels, probabilities, firstPositive }: ScoredRows, counts: Uint32Array) {
  let negatives = 0;
  let positives = 0;
  let falsePositives = 0;
  let truePositives = 0;
  // Pairs of one positive and one negative row that the probabilities order rightly, ties counted as one half, doubled.
  let doubledPairs = 0;
  // Σ positives of a group of ties · precision down to that group.
  let precisions = 0;
  for (let row = labels.length - 1; row >= 0;) {
    const probability = probabilities[row];
    const negativesAbove = negatives;
    const positivesAbove = positives;
    for (; row >= 0 && probabilities[row] === probability; row--) {
      // `counts` and `labels` are as long as `probabilities`.
      if (labels[row] === 1) positives += counts[row]!;
      else negatives += counts[row]!;
    }
    doubledPairs += (negatives - negativesAbove) * (positivesAbove + positives);
    if (positives > positivesAbove) precisions += ((positives - positivesAbove) * positives) / (positives + negatives);
    if (row >= firstPositive - 1) [falsePositives, truePositives] = [negatives, positives];
  }
  const confusionMatrix: ConfusionMatrix = [
    [negatives - falsePositives, falsePositives],
    [positives - truePositives, truePositives],
  ];
  return { confusionMatrix, rocAuc: doubledPairs / (2 * positives * negatives), prAuc: precisions / positives };
}

function measureDecisions([[trueNegatives, falsePositives], [falseNegatives, truePositives]]: ConfusionMatrix) {
  const negatives = trueNegatives + falsePositives;
  const positives = falseNegatives + truePositives;
  const predicted = [trueNegatives + falseNegatives, falsePositives + truePositives] as const;
  const n = negatives + positives;
  const covariance = truePositives * trueNegatives - falsePositives * falseNegatives;
  return {
    n,
    accuracy: (trueNegatives + truePositives) / n,
    precision: ratio(truePositives, predicted[1]),
    recall: ratio(truePositives, positives),
    f1: ratio(2 * truePositives, 2 * truePositives + falsePositives + falseNegatives),
    mcc: ratio(covariance, Math.sqrt(negatives * positives * predicted[0] * predicted[1])),
  };
}

const BINS = equalBins(CALIBRATION_BINS);

/** What depends on the probabilities themselves. */
function measureProbabilities({ labels, losses, probabilities }: ScoredRows, counts: Uint32Array, n: number) {
  let loss = 0;
  let squares = 0;
  // Σ (probability − label) of each bin.
  const gaps = new Float64Array(BINS.count);
  for (let row = 0; row < labels.length; row++) {
    // All arrays are equally long, and `indexOf` gives a bin.
    const count = counts[row]!;
    if (count === 0) continue;
    const gap = probabilities[row]! - labels[row]!;
    loss += count * losses[row]!;
    squares += count * gap * gap;
    gaps[BINS.indexOf(probabilities[row]!)]! += count * gap;
  }
  const distance = gaps.reduce((sum, gap) => sum + Math.abs(gap), 0);
  return { logLoss: loss / n, brier: squares / n, expectedCalibrationError: distance / n };
}

function ratio(part: number, whole: number): number {
  return whole === 0 ? 0 : part / whole;
}
