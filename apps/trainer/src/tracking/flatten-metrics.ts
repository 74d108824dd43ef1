/** Names of metrics, joined by dots, to their values: `{ test: { f1: 0.9 } }` becomes `{ 'test.f1': 0.9 }`. Intervals, matrices and curves are left out. */
export function flattenMetrics(metrics: object, prefix = ''): Record<string, number> {
  const entries = Object.entries(metrics).flatMap(([name, value]: [string, unknown]): [string, number][] => {
    if (typeof value === 'number') return Number.isFinite(value) ? [[`${prefix}${name}`, value]] : [];
    if (typeof value !== 'object' || value === null || Array.isArray(value) || name === 'intervals') return [];
    return Object.entries(flattenMetrics(value, `${prefix}${name}.`));
  });
  return Object.fromEntries(entries);
}
