export {
  accuracyEquivalence,
  type AccuracyEquivalence,
  pairedAccuracyInterval,
  type PairedCounts,
} from './accuracy-equivalence.js';
export { bootstrapIntervals, type BootstrapIntervals } from './bootstrap-intervals.js';
export type { BootstrapOptions, Interval } from './bootstrap-resamples.js';
export {
  CALIBRATION_BINS,
  classificationMetrics,
  type ClassificationMetrics,
  type MetricValues,
} from './classification-metrics.js';
export { type PrecisionRecallCurve, precisionRecallCurve, type RocCurve, rocCurve } from './curves.js';
export { mcnemarExact } from './mcnemar.js';
export { MetricsError, type MetricsErrorCode } from './metrics-error.js';
export { type MetricDifference, type MetricDifferences, pairedBootstrap } from './paired-bootstrap.js';
export { type ConfidenceBin, confidenceHistogram, type ReliabilityBin, reliabilityBins } from './probability-bins.js';
export { type FittedTemperature, fitTemperature, temperProbability } from './temperature.js';
export { wilsonInterval } from './wilson-interval.js';
