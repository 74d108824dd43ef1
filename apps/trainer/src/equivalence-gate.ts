import { accuracyEquivalence, classificationMetrics, type Interval } from '@marquee/metrics';

/** Probabilities of the positive class that two graphs of one model gave to the same reviews. */
export interface GraphScores {
  readonly fp32: ArrayLike<number>;
  readonly int8: ArrayLike<number>;
  /** Absent where the reviews are unlabeled. */
  readonly labels?: ArrayLike<number>;
}

/**
 * `equivalent`: the accuracies differ by less than the margin. `refused`: they differ by more, or the graphs answer too differently.
 * `inconclusive`: there are too few labels to tell, and nothing speaks against the int8 graph.
 */
export type EquivalenceVerdict = 'equivalent' | 'refused' | 'inconclusive';

export interface EquivalenceReport {
  readonly verdict: EquivalenceVerdict;
  /** Why it is this verdict. */
  readonly reasons: readonly string[];
  readonly rows: number;
  /** Reviews to which the graphs give different labels. */
  readonly flips: number;
  readonly flip_share: number;
  readonly mean_probability_difference: number;
  readonly max_probability_difference: number;
  readonly accuracy?: {
    readonly fp32: number;
    readonly int8: number;
    /** int8 minus fp32. */
    readonly difference: number;
    /** 90 % score interval of the difference (Tango 1998): inside ±margin, two one-sided tests at 5 % agree that the margin is not exceeded. */
    readonly interval: Interval;
  };
  readonly limits: {
    /** Of the accuracy, as a share. */
    readonly margin: number;
    readonly flip_share: number;
    readonly mean_probability_difference: number;
  };
}

const MOST_FLIPS = 0.02;
const MOST_DIFFERENCE = 0.02;
/** Among fewer reviews, one or two that stand at one half decide whether the share of flips is kept. */
const LEAST_ROWS_FOR_FLIPS = 100;
/** Points of accuracy that an int8 graph may be off. */
export const DEFAULT_MARGIN = 0.5;

/** Judges an int8 graph against the fp32 graph of the same weights. `marginPoints` are percentage points of accuracy. */
export function judgeEquivalence(scores: GraphScores, marginPoints: number): EquivalenceReport {
  const { labels } = scores;
  const answers = compareAnswers(scores);
  const margin = marginPoints / 100;
  const limits = { margin, flip_share: MOST_FLIPS, mean_probability_difference: MOST_DIFFERENCE };
  const exceeded = exceededLimits(answers);
  if (!labels) {
    const unlabeled = 'the reviews have no labels';
    return { ...conclude(exceeded, 'inconclusive', unlabeled), ...answers, limits };
  }
  const { conclusion, ...accuracy } = compareAccuracy(labels, scores, margin);
  const [low, high] = accuracy.interval.map(points);
  const found = `the accuracies differ by ${low} to ${high} points (90 % interval), ${marginPoints} are allowed`;
  if (conclusion === 'different') exceeded.push(found);
  const verdict = conclusion === 'equivalent' ? 'equivalent' : 'inconclusive';
  const reason = conclusion === 'equivalent' ? found : `${rowCount(answers)} are too few labels to tell: ${found}`;
  return { ...conclude(exceeded, verdict, reason), ...answers, accuracy, limits };
}

function conclude(exceeded: readonly string[], otherwise: EquivalenceVerdict, reason: string) {
  if (exceeded.length > 0) return { verdict: 'refused', reasons: exceeded } as const;
  const fallback = otherwise === 'inconclusive' ? ['flips and probabilities are within their limits'] : [];
  return { verdict: otherwise, reasons: [reason, ...fallback] } as const;
}

type Answers = Pick<
  EquivalenceReport,
  'rows' | 'flips' | 'flip_share' | 'mean_probability_difference' | 'max_probability_difference'
>;

function compareAnswers({ fp32, int8 }: GraphScores): Answers {
  const rows = fp32.length;
  let flips = 0;
  let sum = 0;
  let greatest = 0;
  for (let row = 0; row < rows; row += 1) {
    const [before = NaN, after = NaN] = [fp32[row], int8[row]];
    const difference = Math.abs(after - before);
    if (before > 0.5 !== after > 0.5) flips += 1;
    sum += difference;
    greatest = Math.max(greatest, difference);
  }
  return {
    rows,
    flips,
    flip_share: flips / rows,
    mean_probability_difference: sum / rows,
    max_probability_difference: greatest,
  };
}

function exceededLimits({ rows, flips, flip_share: share, mean_probability_difference: mean }: Answers): string[] {
  const exceeded: string[] = [];
  if (rows >= LEAST_ROWS_FOR_FLIPS && share > MOST_FLIPS) {
    exceeded.push(`${flips} of ${rows} labels flip (${points(share)} %), ${points(MOST_FLIPS)} % are allowed`);
  }
  if (!(mean <= MOST_DIFFERENCE)) {
    exceeded.push(`probabilities differ by ${mean.toFixed(4)} on average, ${MOST_DIFFERENCE} is allowed`);
  }
  return exceeded;
}

function compareAccuracy(labels: ArrayLike<number>, { fp32, int8 }: GraphScores, margin: number) {
  let onlyFirstRight = 0;
  let onlySecondRight = 0;
  for (let row = 0; row < labels.length; row += 1) {
    const isPositive = labels[row] === 1;
    const firstRight = (fp32[row] ?? NaN) > 0.5 === isPositive;
    const secondRight = (int8[row] ?? NaN) > 0.5 === isPositive;
    if (firstRight && !secondRight) onlyFirstRight += 1;
    if (secondRight && !firstRight) onlySecondRight += 1;
  }
  const equivalence = accuracyEquivalence({ n: labels.length, onlyFirstRight, onlySecondRight }, margin);
  const accuracyOf = (scores: ArrayLike<number>): number => classificationMetrics(labels, scores).accuracy;
  return { fp32: accuracyOf(fp32), int8: accuracyOf(int8), ...equivalence };
}

const rowCount = ({ rows }: Answers): string => `${rows} reviews`;
const points = (share: number): string => (100 * share).toFixed(2);

/** A line for a person. */
export function describeEquivalence({ verdict, reasons, rows, flips }: EquivalenceReport): string {
  return `int8 against fp32 on ${rows} reviews: ${verdict}, ${flips} labels flip; ${reasons.join('; ')}`;
}
