import { classificationMetrics, type Interval, wilsonInterval } from '@marquee/metrics';

import type { ScoredReviews } from './score-reviews.js';

export interface SliceReport {
  readonly n: number;
  readonly accuracy: number;
  /** 95 % interval of Wilson: some slices are too small for a bootstrap. */
  readonly accuracy_interval: Interval;
  readonly f1: number;
  readonly log_loss: number;
}

/** Where a model is good and where it is not. A slice without reviews is left out. */
export interface EvaluationSlices {
  /** By tokens of the whole review, from `at_least` to below `below` (null: any number). */
  readonly by_token_count: readonly (SliceReport & { readonly at_least: number; readonly below: number | null })[];
  /** By whether a part of the review was left unread. */
  readonly by_truncation: readonly (SliceReport & { readonly truncated: boolean })[];
}

type SlicedScores = Pick<ScoredReviews, 'probabilities' | 'tokenCounts' | 'truncated'>;

const TOKEN_COUNTS = [1, 64, 128, 256, 512, 1024] as const;

export function reportSlices(labels: readonly number[], scored: SlicedScores): EvaluationSlices {
  const { probabilities, tokenCounts, truncated } = scored;
  const rows = labels.map((_, row) => row);
  const slice = <K extends object>(key: K, belongs: (row: number) => boolean): (SliceReport & K)[] => {
    const chosen = rows.filter(belongs);
    if (chosen.length === 0) return [];
    const at = (values: ArrayLike<number>): number[] => chosen.map((row) => values[row] ?? NaN);
    return [{ ...key, ...reportSlice(at(labels), at(probabilities)) }];
  };
  return {
    by_token_count: TOKEN_COUNTS.flatMap((least, index) => {
      const below = TOKEN_COUNTS[index + 1] ?? null;
      const isInside = (count = 0): boolean => count >= least && (below === null || count < below);
      return slice({ at_least: least, below }, (row) => isInside(tokenCounts[row]));
    }),
    by_truncation: [false, true].flatMap((isCut) =>
      slice({ truncated: isCut }, (row) => (truncated[row] === 1) === isCut),
    ),
  };
}

function reportSlice(labels: number[], probabilities: number[]): SliceReport {
  const { n, accuracy, f1, logLoss } = classificationMetrics(labels, probabilities);
  const interval = wilsonInterval(Math.round(accuracy * n), n);
  return { n, accuracy, accuracy_interval: interval, f1, log_loss: logLoss };
}

/** A line for each kind of slice. */
export function describeSlices(name: string, { by_token_count, by_truncation }: EvaluationSlices): string[] {
  const show = ({ accuracy, n }: SliceReport): string => `${(100 * accuracy).toFixed(2)} % of ${n}`;
  const lengths = by_token_count.map((slice) => `${describeRange(slice)}: ${show(slice)}`);
  const cuts = by_truncation.map((slice) => `${slice.truncated ? 'cut' : 'whole'}: ${show(slice)}`);
  return [`${name}, accuracy by tokens: ${lengths.join(', ')}`, `${name}, accuracy of reviews read ${cuts.join(', ')}`];
}

const describeRange = ({ at_least: least, below }: { readonly at_least: number; readonly below: number | null }) =>
  below === null ? `${least} and more` : `${least}–${below - 1}`;
