import { readFileSync } from 'node:fs';

import { type BootstrapIntervals, type ClassificationMetrics, type Interval, type PairedCounts } from '../src/index.js';

export interface OracleCase {
  readonly name: string;
  readonly labels: number[];
  readonly probabilities: number[];
  /** NaN is recorded as null. */
  readonly metrics: Omit<ClassificationMetrics, 'rocAuc' | 'prAuc'> & {
    readonly rocAuc: number | null;
    readonly prAuc: number | null;
  };
}

type Numbers = readonly (number | null)[];

/** Curves of the case of that name; NaN is recorded as null. */
export interface CurveCase {
  readonly name: string;
  /** Without the first threshold, which is infinite. */
  readonly roc: {
    readonly falsePositiveRates: Numbers;
    readonly truePositiveRates: Numbers;
    readonly thresholds: Numbers;
  };
  readonly precisionRecall: { readonly precisions: Numbers; readonly recalls: Numbers; readonly thresholds: Numbers };
  /** Means and shares of the bins that hold rows. */
  readonly reliability: readonly {
    readonly bins: number;
    readonly counts: readonly number[];
    readonly meanProbabilities: readonly number[];
    readonly positiveShares: readonly number[];
  }[];
}

interface Oracle {
  readonly versions: Readonly<Record<string, string>>;
  readonly cases: readonly OracleCase[];
  readonly curves: readonly CurveCase[];
  readonly withoutPositives: { readonly prAuc: number };
  readonly bootstraps: readonly {
    readonly name: string;
    readonly resamples: number;
    readonly seed: number;
    readonly level: number;
    readonly intervals: BootstrapIntervals;
  }[];
  /** Intervals of the difference between the case of that name and `second`. */
  readonly paired: readonly {
    readonly name: string;
    readonly second: readonly number[];
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

interface PairedOracle {
  readonly versions: Readonly<Record<string, string>>;
  /** Rows that only the first has right, only the second; p. */
  readonly mcnemar: readonly (readonly [number, number, number])[];
  readonly tango: readonly (PairedCounts & { readonly level: number; readonly interval: Interval })[];
  readonly temperatures: readonly {
    readonly name: string;
    readonly labels: readonly number[];
    readonly margins: readonly number[];
    readonly temperature: { readonly scipy: number; readonly torch: number };
  }[];
}

const read = (file: string): unknown => JSON.parse(readFileSync(new URL(`./oracles/${file}`, import.meta.url), 'utf8'));

/** What scikit-learn, numpy and scipy answered; `oracles/record_metrics.py` recorded it. */
export const oracle = read('metrics.json') as Oracle;

/** What statsmodels, scipy and PyTorch answered; `oracles/record_paired_tests.py` recorded it. */
export const pairedOracle = read('paired-tests.json') as PairedOracle;

export function caseNamed(name: string): OracleCase {
  const found = oracle.cases.find((one) => one.name === name);
  if (!found) throw new Error(`the oracle has no case named ${name}`);
  return found;
}
