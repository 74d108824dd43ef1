import { readFileSync } from 'node:fs';

import { type BootstrapIntervals, type ClassificationMetrics, type Interval } from '../src/index.js';

export interface OracleCase {
  readonly name: string;
  readonly labels: number[];
  readonly probabilities: number[];
  /** NaN is recorded as null. */
  readonly metrics: Omit<ClassificationMetrics, 'rocAuc'> & { readonly rocAuc: number | null };
}

interface Oracle {
  readonly versions: Readonly<Record<string, string>>;
  readonly cases: readonly OracleCase[];
  readonly bootstraps: readonly {
    readonly name: string;
    readonly resamples: number;
    readonly seed: number;
    readonly level: number;
    readonly intervals: BootstrapIntervals;
  }[];
  readonly wilson: readonly {
    readonly successes: number;
    readonly n: number;
    readonly level: number;
    readonly interval: Interval;
  }[];
  readonly normalQuantiles: readonly (readonly [number, number])[];
}

/** What scikit-learn, numpy and scipy answered; `oracles/record_metrics.py` recorded it. */
export const oracle = JSON.parse(readFileSync(new URL('./oracles/metrics.json', import.meta.url), 'utf8')) as Oracle;
