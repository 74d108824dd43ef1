import { percentile } from '../percentile.js';
import type { Sample } from './load-protocol.js';

/** What became of the requests of a load. */
export interface Outcomes {
  readonly answered: number;
  /** 503. */
  readonly refused: number;
  /** Every other 5xx. */
  readonly serverErrors: number;
  /** Whatever else was answered. */
  readonly others: number;
  /** The server was not there, and has taken nothing on. */
  readonly unconnected: number;
  /** A connection was there, and no whole answer came. */
  readonly failed: number;
  /** Reasons of the failures, and statuses that are neither 200 nor 503, each with its count. */
  readonly oddities: string;
}

const UNCONNECTED = /^ECONNREFUSED/;

export function countOutcomes(samples: readonly Sample[]): Outcomes {
  const count = (matches: (sample: Sample) => boolean): number => samples.filter(matches).length;
  const isUnconnected = ({ status, failure }: Sample): boolean => status === 0 && UNCONNECTED.test(failure ?? '');
  const odd = samples.filter((sample) => ![200, 503].includes(sample.status) && !isUnconnected(sample));
  const reasons = new Map<string, number>();
  for (const { status, failure } of odd) {
    const reason = failure ?? String(status);
    reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
  }
  return {
    answered: count(({ status }) => status === 200),
    refused: count(({ status }) => status === 503),
    serverErrors: count(({ status }) => status >= 500 && status !== 503),
    others: count(({ status }) => status > 0 && status < 500 && status !== 200),
    unconnected: count(isUnconnected),
    failed: count((sample) => sample.status === 0 && !isUnconnected(sample)),
    oddities: [...reasons].map(([reason, times]) => `${times} × ${reason}`).join(', '),
  };
}

export const latencies = (samples: readonly Sample[], status: number): number[] =>
  samples.filter((sample) => sample.status === status).map(({ latencyMs }) => latencyMs);

export const p99 = (values: readonly number[]): number => percentile(values, 0.99);
