import { wilsonInterval } from '@marquee/metrics';
import { type Stage, STAGES } from '@marquee/model-core';

/** How much one stage of a cascade answered, and how well. */
export interface StageReport {
  readonly stage: Stage;
  readonly n: number;
  /** Share of all reviews. */
  readonly coverage: number;
  /** Null where it answered none. */
  readonly accuracy: number | null;
  /** 95 % interval of Wilson. */
  readonly accuracy_interval: readonly number[] | null;
}

/** What each stage answered; nothing for models without stages. */
export function reportStages(
  labels: ArrayLike<number>,
  probabilities: ArrayLike<number>,
  stages: readonly Stage[],
): StageReport[] {
  if (stages.length === 0) return [];
  return STAGES.map((stage) => {
    const rows = [...stages.keys()].filter((row) => stages[row] === stage);
    const right = rows.filter((row) => (probabilities[row] ?? NaN) > 0.5 === (labels[row] === 1)).length;
    const n = rows.length;
    return {
      stage,
      n,
      coverage: n / stages.length,
      accuracy: n === 0 ? null : right / n,
      accuracy_interval: n === 0 ? null : [...wilsonInterval(right, n)],
    };
  });
}

export function describeStages(name: string, stages: readonly StageReport[]): string[] {
  const percent = (share: number): string => `${(100 * share).toFixed(2)} %`;
  return stages.map(({ stage, n, coverage, accuracy }) => {
    const answered = `${name}: ${stage} answered ${n} reviews (${percent(coverage)})`;
    return accuracy === null ? answered : `${answered}, ${percent(accuracy)} of them right`;
  });
}
