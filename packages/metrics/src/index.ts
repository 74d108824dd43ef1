export {
  bootstrapIntervals,
  type BootstrapIntervals,
  type BootstrapOptions,
  type Interval,
} from './bootstrap-intervals.js';
export { classificationMetrics, type ClassificationMetrics, type MetricValues } from './classification-metrics.js';
export { MetricsError, type MetricsErrorCode } from './metrics-error.js';
export { wilsonInterval } from './wilson-interval.js';
