import { bootstrapIntervals, type Interval, classificationMetrics } from '@marquee/metrics';

/** Metrics of one set of rows, under the names of `evaluation_results.json`. */
export interface MetricReport {
  readonly n: number;
  readonly accuracy: number;
  readonly precision: number;
  readonly recall: number;
  readonly f1: number;
  readonly roc_auc: number | null;
  readonly log_loss: number;
  /** Rows are the true class, columns the predicted one, negative first. */
  readonly confusion_matrix: readonly (readonly number[])[];
  /** 95 % bootstrap intervals. */
  readonly intervals: Readonly<Record<string, readonly (number | null)[]>>;
}

/** Metrics on all rows; where the model has seen some of them in training, also on those that it has not. */
export interface EvaluationReport extends MetricReport {
  readonly seen_rows: number;
  /** On the rows that are new to the model; absent when all are new, or none. */
  readonly unseen?: MetricReport;
}

export function reportMetrics(labels: ArrayLike<number>, positiveProbabilities: ArrayLike<number>): MetricReport {
  const { rocAuc, logLoss, confusionMatrix, n, ...shared } = classificationMetrics(labels, positiveProbabilities);
  const {
    rocAuc: rocAucInterval,
    logLoss: logLossInterval,
    ...intervals
  } = bootstrapIntervals(labels, positiveProbabilities);
  return {
    n,
    ...shared,
    roc_auc: orNull(rocAuc),
    log_loss: logLoss,
    confusion_matrix: confusionMatrix,
    intervals: { ...mapValues(intervals), roc_auc: rocAucInterval.map(orNull), log_loss: [...logLossInterval] },
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

function describeMetrics(
  subject: string,
  { accuracy, f1, roc_auc: rocAuc, log_loss: logLoss, intervals }: MetricReport,
): string {
  const [low, high] = intervals['accuracy'] ?? [];
  const interval = `${percent(low)}–${percent(high)} %`;
  const auc = rocAuc === null ? 'not defined' : rocAuc.toFixed(4);
  return `${subject}: accuracy ${percent(accuracy)} % (95 % interval ${interval}), F1 ${f1.toFixed(4)}, ROC AUC ${auc}, log loss ${logLoss.toFixed(4)}`;
}

const percent = (value: number | null | undefined): string => (100 * (value ?? NaN)).toFixed(2);
/** A NaN has no place in JSON. */
const orNull = (value: number): number | null => (Number.isNaN(value) ? null : value);
const mapValues = (intervals: Readonly<Record<string, Interval>>): Record<string, number[]> =>
  Object.fromEntries(Object.entries(intervals).map(([name, interval]) => [name, [...interval]]));
