import { bootstrapIntervals, classificationMetrics, type MetricValues } from '@marquee/metrics';

/** Names of the metrics in everything that is written for others to read, in its order. */
export const METRIC_LABELS = {
  accuracy: 'accuracy',
  precision: 'precision',
  recall: 'recall',
  f1: 'f1',
  rocAuc: 'roc_auc',
  logLoss: 'log_loss',
  prAuc: 'pr_auc',
  brier: 'brier',
  expectedCalibrationError: 'expected_calibration_error',
  mcc: 'mcc',
} as const satisfies Readonly<Record<keyof MetricValues, string>>;

type MetricLabel = (typeof METRIC_LABELS)[keyof MetricValues];

/** Metrics of one set of rows, under the names of `evaluation_results.json`. */
export interface MetricReport {
  readonly n: number;
  readonly accuracy: number;
  readonly precision: number;
  readonly recall: number;
  readonly f1: number;
  readonly roc_auc: number | null;
  readonly log_loss: number;
  readonly pr_auc: number | null;
  readonly brier: number;
  readonly expected_calibration_error: number;
  readonly mcc: number;
  /** Rows are the true class, columns the predicted one, negative first. */
  readonly confusion_matrix: readonly (readonly number[])[];
  /** 95 % bootstrap intervals. */
  readonly intervals: Readonly<Record<MetricLabel, readonly (number | null)[]>>;
}

/** Metrics on all rows; where the model has seen some of them in training, also on those that it has not. */
export interface EvaluationReport extends MetricReport {
  readonly seen_rows: number;
  /** On the rows that are new to the model; absent when all are new, or none. */
  readonly unseen?: MetricReport;
}

function reportMetrics(labels: ArrayLike<number>, positiveProbabilities: ArrayLike<number>): MetricReport {
  const { n, confusionMatrix, ...values } = classificationMetrics(labels, positiveProbabilities);
  const intervals = bootstrapIntervals(labels, positiveProbabilities);
  const { rocAuc, logLoss, prAuc, expectedCalibrationError, brier, mcc, ...ratios } = values;
  return {
    n,
    ...ratios,
    roc_auc: orNull(rocAuc),
    log_loss: logLoss,
    pr_auc: orNull(prAuc),
    brier,
    expected_calibration_error: expectedCalibrationError,
    mcc,
    confusion_matrix: confusionMatrix,
    intervals: labelMetrics(intervals, (interval) => interval.map(orNull)),
  };
}

export function reportEvaluation(
  labels: ArrayLike<number>,
  positiveProbabilities: ArrayLike<number>,
  isSeen: (row: number) => boolean,
): EvaluationReport {
  const rows = Array.from({ length: labels.length }, (_, row) => row);
  const unseen = rows.filter((row) => !isSeen(row));
  const seenCount = rows.length - unseen.length;
  const at = (values: ArrayLike<number>): number[] => unseen.map((row) => values[row] ?? NaN);
  const partial = seenCount > 0 && unseen.length > 0;
  return {
    seen_rows: seenCount,
    ...(partial ? { unseen: reportMetrics(at(labels), at(positiveProbabilities)) } : {}),
    ...reportMetrics(labels, positiveProbabilities),
  };
}

/** Lines for a person: the unseen rows first, since only they say what the model will do on new reviews. */
export function describeEvaluation(name: string, report: EvaluationReport): string[] {
  const { unseen, seen_rows: seen } = report;
  if (seen === 0) return [describeMetrics(`${name} (${report.n} reviews, none seen in training)`, report)];
  const all = describeMetrics(`${name} (all ${report.n} reviews, ${seen} of them seen in training)`, report);
  return unseen ? [describeMetrics(`${name} (${unseen.n} unseen reviews)`, unseen), all] : [all];
}

function describeMetrics(subject: string, report: MetricReport): string {
  const [low, high] = report.intervals.accuracy;
  const accuracy = `accuracy ${percent(report.accuracy)} % (95 % interval ${percent(low)}–${percent(high)} %)`;
  const others = {
    F1: report.f1,
    'ROC AUC': report.roc_auc,
    'log loss': report.log_loss,
    'PR AUC': report.pr_auc,
    Brier: report.brier,
    'calibration error': report.expected_calibration_error,
    MCC: report.mcc,
  };
  const shown = Object.entries(others).map(([name, value]) => `${name} ${value?.toFixed(4) ?? 'not defined'}`);
  return `${subject}: ${[accuracy, ...shown].join(', ')}`;
}

/** Something of each metric under the names that are written. */
function labelMetrics<T, R>(
  values: Readonly<Record<keyof MetricValues, T>>,
  toReported: (value: T) => R,
): Record<MetricLabel, R> {
  const names = Object.keys(METRIC_LABELS) as (keyof MetricValues)[];
  const entries = names.map((name) => [METRIC_LABELS[name], toReported(values[name])] as const);
  return Object.fromEntries(entries) as Record<MetricLabel, R>;
}

const percent = (value: number | null | undefined): string => (100 * (value ?? NaN)).toFixed(2);
/** A NaN has no place in JSON. */
export const orNull = (value: number): number | null => (Number.isNaN(value) ? null : value);
