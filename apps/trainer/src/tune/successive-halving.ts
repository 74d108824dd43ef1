/** One round of a search: how many trials are in it, and on how many reviews each is trained. */
export interface Rung {
  readonly trials: number;
  readonly rows: number;
}

/**
 * Successive halving (Jamieson and Talwalkar 2016) with the number of training reviews as the resource: the last rung has all `rows` and each one before a
 * `factor`-th of the next; of each rung's trials the best `factor`-th go on, until fewer than `factor` are left. A trial is trained anew in each rung, so that its learning-rate schedule
 * is always a whole one.
 */
export function planRungs(trials: number, factor: number, rows: number): Rung[] {
  const counts = [trials];
  for (let left = Math.floor(trials / factor); left >= 1; left = Math.floor(left / factor)) counts.push(left);
  return counts.map((count, rung) => ({
    trials: count,
    rows: Math.max(Math.min(2, rows), Math.round(rows / factor ** (counts.length - 1 - rung))),
  }));
}

export interface ScoredTrial {
  readonly id: number;
  readonly score: number;
}

/** Best first; of equal ones the earlier trial. */
export function rankTrials<T extends ScoredTrial>(trials: readonly T[], better: 'greater' | 'lower'): T[] {
  const sign = better === 'greater' ? -1 : 1;
  return [...trials].sort((a, b) => sign * (a.score - b.score) || a.id - b.id);
}
