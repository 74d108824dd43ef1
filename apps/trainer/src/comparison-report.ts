import { mcnemarExact, type MetricDifference, pairedBootstrap } from '@marquee/metrics';

import { METRIC_LABELS, orNull } from './evaluation-report.js';

/** A review that one of the models has right and the other wrong; its text is not here. */
interface Flip {
  readonly line: number;
  readonly row_digest: string;
  readonly label: 0 | 1;
  /** Probabilities of the positive class. */
  readonly a: number;
  readonly b: number;
}

interface ComparedModel {
  readonly path: string;
  readonly version: string;
  /** See `engineName`. */
  readonly graph: string;
  /** Test reviews that the model or a parent of it was trained on: where there are any, the comparison favors it. */
  readonly seen_rows: number;
}

interface ReportedDifference {
  readonly a: number | null;
  readonly b: number | null;
  /** b minus a, like its 95 % paired bootstrap interval. */
  readonly difference: number | null;
  readonly interval: readonly (number | null)[];
}

interface ScoreComparison {
  readonly metrics: Readonly<Record<string, ReportedDifference>>;
  /** Exact test of McNemar, two-sided: could both err equally often? */
  readonly mcnemar: { readonly only_a_right: number; readonly only_b_right: number; readonly p_value: number };
  readonly flips: { readonly only_a_right: readonly Flip[]; readonly only_b_right: readonly Flip[] };
}

export interface ComparisonReport extends ScoreComparison {
  readonly a: ComparedModel;
  readonly b: ComparedModel;
  readonly data: { readonly sha256: string; readonly rows: number };
}

interface ComparedRow {
  readonly label: 0 | 1;
  readonly line: number;
  readonly digest: string;
}

const COMPARED = ['accuracy', 'f1', 'rocAuc', 'logLoss'] as const;

/** Compares what two models answered to the same rows. */
export function compareScores(
  rows: readonly ComparedRow[],
  a: ArrayLike<number>,
  b: ArrayLike<number>,
): ScoreComparison {
  const labels = rows.map(({ label }) => label);
  const differences = pairedBootstrap(labels, a, b);
  const flips = rows.flatMap(({ label, line, digest }, row) => {
    const flip: Flip = { line, row_digest: digest, label, a: a[row] ?? NaN, b: b[row] ?? NaN };
    return isRight(flip.a, label) === isRight(flip.b, label) ? [] : [flip];
  });
  const onlyA = flips.filter((flip) => isRight(flip.a, flip.label));
  const onlyB = flips.filter((flip) => isRight(flip.b, flip.label));
  return {
    metrics: Object.fromEntries(COMPARED.map((name) => [METRIC_LABELS[name], toReported(differences[name])])),
    mcnemar: {
      only_a_right: onlyA.length,
      only_b_right: onlyB.length,
      p_value: mcnemarExact(onlyA.length, onlyB.length),
    },
    flips: { only_a_right: onlyA, only_b_right: onlyB },
  };
}

const isRight = (positiveProbability: number, label: 0 | 1): boolean => positiveProbability > 0.5 === (label === 1);

const toReported = ({ first, second, difference, interval }: MetricDifference): ReportedDifference => ({
  a: orNull(first),
  b: orNull(second),
  difference: orNull(difference),
  interval: interval.map(orNull),
});

/** The table for a person, in fixed columns. */
export function describeComparison({ a, b, data, metrics, mcnemar }: ComparisonReport): string {
  const describeModel = (name: string, { path, version, graph, seen_rows: seen }: ComparedModel): string =>
    `${name}: ${path}, version ${version}, ${graph}${seen > 0 ? `, ${seen} of the reviews seen in training` : ''}`;
  const header = ['', 'A', 'B', 'B - A', '95 % interval'];
  const body = Object.entries(metrics).map(([name, { a: first, b: second, difference, interval }]) => {
    const ends = interval.map((end) => signed(end)).join(' to ');
    return [name, plain(first), plain(second), signed(difference), ends];
  });
  const { only_a_right: onlyA, only_b_right: onlyB, p_value: p } = mcnemar;
  return [
    describeModel('A', a),
    describeModel('B', b),
    '',
    ...[header, ...body].map(toColumns),
    '',
    `${data.rows} reviews: ${onlyA} that only A has right, ${onlyB} that only B has right; McNemar's exact p = ${formatP(p)}`,
    '',
  ].join('\n');
}

const WIDTHS = [10, 9, 9, 9, 20];
const toColumns = (cells: readonly string[]): string =>
  cells.map((cell, index) => (index === 0 ? cell.padEnd(WIDTHS[0] ?? 0) : cell.padStart(WIDTHS[index] ?? 0))).join(' ');
const plain = (value: number | null): string => value?.toFixed(4) ?? '-';
const signed = (value: number | null | undefined): string =>
  value === null || value === undefined ? '-' : `${value < 0 ? '' : '+'}${value.toFixed(4)}`;
const formatP = (p: number): string => (p >= 1e-4 ? p.toFixed(4) : p.toExponential(1));
