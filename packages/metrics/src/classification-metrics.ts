import { type ScoredRows, toScoredRows } from './scored-rows.js';

/** The metrics that are one number; each has a bootstrap interval. */
export interface MetricValues {
  readonly accuracy: number;
  readonly precision: number;
  readonly recall: number;
  readonly f1: number;
  readonly rocAuc: number;
  readonly logLoss: number;
}

export interface ClassificationMetrics extends MetricValues {
  readonly n: number;
  /** Rows are the true class, columns the predicted one: [[tn, fp], [fn, tp]]. */
  readonly confusionMatrix: readonly [readonly [number, number], readonly [number, number]];
}

/**
 * Binary metrics of class 1 as scikit-learn defines them. A row is predicted positive when its probability is above one half
 * (level means negative, as `argmax` decides). Precision, recall and F1 are 0 where their denominator is; `rocAuc` gives ties half a point and
 * is NaN (null in JSON) where the labels hold one class; `logLoss` (nats) clips at the ε of float64 and is always finite.
 * Independent of the order of the rows, to the bit. Throws a `MetricsError` for no rows, labels besides 0 and 1, and probabilities outside [0, 1].
 */
export function classificationMetrics(
  labels: ArrayLike<number>,
  positiveProbabilities: ArrayLike<number>,
): ClassificationMetrics {
  const rows = toScoredRows(labels, positiveProbabilities);
  return measure(rows, new Uint32Array(rows.labels.length).fill(1));
}

/** The metrics of `rows` where each counts as often as `counts` says: of a bootstrap resample, in one pass and without sorting again. */
export function measure(rows: ScoredRows, counts: Uint32Array): ClassificationMetrics {
  const { labels, losses, probabilities, firstPositive } = rows;
  let negatives = 0;
  let positives = 0;
  let trueNegatives = 0;
  let falseNegatives = 0;
  let loss = 0;
  // Pairs of one positive and one negative row that the probabilities order rightly, ties counted as one half, doubled.
  let doubledPairs = 0;
  for (let row = 0; row < labels.length;) {
    const probability = probabilities[row];
    if (row === firstPositive) [trueNegatives, falseNegatives] = [negatives, positives];
    const negativesBelow = negatives;
    const positivesBelow = positives;
    for (; row < labels.length && probabilities[row] === probability; row++) {
      // `counts`, `labels` and `losses` are as long as `probabilities`.
      const count = counts[row]!;
      if (labels[row] === 1) positives += count;
      else negatives += count;
      loss += count * losses[row]!;
    }
    doubledPairs += (positives - positivesBelow) * (negativesBelow + negatives);
  }
  if (firstPositive === labels.length) [trueNegatives, falseNegatives] = [negatives, positives];
  return fromCounts({
    confusionMatrix: [
      [trueNegatives, negatives - trueNegatives],
      [falseNegatives, positives - falseNegatives],
    ],
    rocAuc: doubledPairs / (2 * positives * negatives),
    logLoss: loss / (positives + negatives),
  });
}

function fromCounts(
  counted: Pick<ClassificationMetrics, 'confusionMatrix' | 'rocAuc' | 'logLoss'>,
): ClassificationMetrics {
  const { confusionMatrix, rocAuc, logLoss } = counted;
  const [[trueNegatives, falsePositives], [falseNegatives, truePositives]] = confusionMatrix;
  const n = trueNegatives + falsePositives + falseNegatives + truePositives;
  return {
    n,
    accuracy: (trueNegatives + truePositives) / n,
    precision: ratio(truePositives, truePositives + falsePositives),
    recall: ratio(truePositives, truePositives + falseNegatives),
    f1: ratio(2 * truePositives, 2 * truePositives + falsePositives + falseNegatives),
    rocAuc,
    logLoss,
    confusionMatrix,
  };
}

function ratio(part: number, whole: number): number {
  return whole === 0 ? 0 : part / whole;
}
