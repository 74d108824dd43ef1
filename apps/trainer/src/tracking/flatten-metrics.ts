import type { StageReport } from '../stage-report.js';

/**
 * Names of metrics, joined by dots, to their values: `{ test: { f1: 0.9 } }` becomes `{ 'test.f1': 0.9 }`. The stages of a cascade go by their names,
 * `stages.linear.coverage`. Intervals, matrices and curves are left out.
 */
export function flattenMetrics(metrics: object, prefix = ''): Record<string, number> {
  const entries = Object.entries(metrics).flatMap(([name, value]: [string, unknown]): [string, number][] => {
    if (typeof value === 'number') return Number.isFinite(value) ? [[`${prefix}${name}`, value]] : [];
    const parts = name === 'stages' && Array.isArray(value) ? byStage(value as readonly StageReport[]) : value;
    if (typeof parts !== 'object' || parts === null || Array.isArray(parts) || name === 'intervals') return [];
    return Object.entries(flattenMetrics(parts, `${prefix}${name}.`));
  });
  return Object.fromEntries(entries);
}

const byStage = (stages: readonly StageReport[]): object =>
  Object.fromEntries(stages.map(({ stage, ...figures }) => [stage, figures]));
