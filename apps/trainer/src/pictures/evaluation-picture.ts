import type { ChartConfiguration } from 'chart.js';

import { drawFigure } from './figure.js';
import { formatCount, formatPercent } from './format.js';
import { type Axis, linePanel, type Note, panelOptions, type Point } from './panel.js';
import { COLORS, FONT_SIZE, withOpacity } from './theme.js';

/** What is drawn of an evaluation. */
export interface EvaluationData {
  /** Names model and data in the heading. */
  readonly subject: string;
  /** Rows are the true class, columns the predicted one, negative first. */
  readonly confusionMatrix: readonly (readonly number[])[];
  /** x: false positive rate, y: true positive rate; `auc` is null where the reviews have one label. */
  readonly roc: { readonly points: readonly Point[]; readonly auc: number | null };
  /** x: recall, y: precision. */
  readonly precisionRecall: { readonly points: readonly Point[]; readonly averagePrecision: number | null };
  /** The reliability before calibration, and after it where there was one. */
  readonly reliability: readonly ReliabilityCurve[];
}

export interface ReliabilityCurve {
  readonly name: string;
  readonly expectedCalibrationError: number;
  /** x: mean predicted probability of positive, y: share that is positive, of the bins that hold reviews. */
  readonly bins: readonly (Point & { readonly count: number })[];
}

/** Draws `evaluation_metrics.png`: confusion matrix, ROC, precision and recall, and reliability. */
export function drawEvaluation(data: EvaluationData): Promise<Uint8Array> {
  return drawFigure({
    title: 'Evaluation',
    subtitle: data.subject,
    panels: [confusionPanel(data), rocPanel(data), precisionRecallPanel(data), reliabilityPanel(data)],
  });
}

const CLASSES = ['negative', 'positive'];

function confusionPanel({ confusionMatrix }: EvaluationData): ChartConfiguration {
  const cells = confusionMatrix.flatMap((counts, actual) => {
    const total = counts.reduce((sum, count) => sum + count, 0);
    return counts.map((count, predicted) => cell(actual, predicted, count, total === 0 ? 0 : count / total));
  });
  const axis = { type: 'category', labels: CLASSES, offset: true, grid: { display: false } } as const;
  return {
    type: 'scatter',
    data: { datasets: [{ data: [] }] },
    options: {
      ...panelOptions('Confusion matrix: reviews, and share of their true class', cells),
      scales: {
        x: { ...axis, title: { display: true, text: 'predicted', color: COLORS.ink } },
        y: { ...axis, title: { display: true, text: 'true', color: COLORS.ink } },
      },
    },
  } as ChartConfiguration;
}

function cell(actual: number, predicted: number, count: number, share: number): Note {
  const color = actual === predicted ? COLORS.positive : COLORS.negative;
  return {
    type: 'box',
    xMin: predicted - 0.48,
    xMax: predicted + 0.48,
    yMin: actual - 0.47,
    yMax: actual + 0.47,
    // Light enough that dark text is read at every share: a contrast of at least 5.
    backgroundColor: withOpacity(color, 0.1 + 0.6 * share),
    borderWidth: 0,
    label: {
      display: true,
      textAlign: 'center',
      content: [formatCount(count), formatPercent(share)],
      color: COLORS.ink,
      font: [
        { size: FONT_SIZE.figure, weight: 600 },
        { size: FONT_SIZE.label, weight: 400 },
      ],
    },
  };
}

function rocPanel({ roc }: EvaluationData): ChartConfiguration {
  const curve = {
    label: `model, AUC ${formatScore(roc.auc)}`,
    data: [...roc.points],
    borderColor: COLORS.first,
    clip: 4,
  };
  return linePanel({
    title: 'Receiver operating characteristic',
    x: { ...SHARE_AXIS, title: 'false positive rate' },
    y: { ...SHARE_AXIS, title: 'true positive rate' },
    lines: [curve, { label: 'chance, AUC 0.5', ...DIAGONAL }],
  });
}

function precisionRecallPanel({ precisionRecall, confusionMatrix }: EvaluationData): ChartConfiguration {
  const [negatives = 0, positives = 0] = confusionMatrix.map((counts) => counts.reduce((sum, count) => sum + count, 0));
  const prevalence = positives / (positives + negatives);
  const { averagePrecision, points } = precisionRecall;
  const chance = [
    { x: 0, y: prevalence },
    { x: 1, y: prevalence },
  ];
  return linePanel({
    title: 'Precision and recall',
    x: { ...SHARE_AXIS, title: 'recall' },
    y: { ...SHARE_AXIS, title: 'precision' },
    lines: [
      {
        label: `model, average precision ${formatScore(averagePrecision)}`,
        data: [...points],
        borderColor: COLORS.first,
        clip: 4,
      },
      { label: `chance, ${formatPercent(prevalence)} are positive`, ...DASHED, data: chance },
    ],
  });
}

function reliabilityPanel({ reliability }: EvaluationData): ChartConfiguration {
  const colors = [COLORS.second, COLORS.first];
  const curves = reliability.map(({ name, expectedCalibrationError, bins }, index) => ({
    label: `${name}, ECE ${expectedCalibrationError.toFixed(4)}`,
    data: bins.map(({ x, y }) => ({ x, y })),
    borderColor: colors[index % colors.length] as string, // an index inside the list
    backgroundColor: colors[index % colors.length] as string,
    clip: 10,
    pointRadius: bins.map(({ count }) => pointRadius(count, bins)),
  }));
  return linePanel({
    title: 'Reliability (larger dots hold more reviews)',
    x: { ...SHARE_AXIS, title: 'predicted probability of positive' },
    y: { ...SHARE_AXIS, title: 'share that is positive' },
    lines: [...curves, { label: 'perfect', ...DIAGONAL }],
  });
}

const SHARE_AXIS: Omit<Axis, 'title'> = { min: 0, max: 1, stepSize: 0.2, ticks: (value) => value.toFixed(1) };
const DASHED = { borderColor: COLORS.muted, borderDash: [5, 5], borderWidth: 1.5 };
const DIAGONAL = {
  ...DASHED,
  data: [
    { x: 0, y: 0 },
    { x: 1, y: 1 },
  ],
};

const formatScore = (score: number | null): string => (score === null ? 'not defined' : score.toFixed(4));

/** The area tells the count; the emptiest bin still shows. */
function pointRadius(count: number, bins: readonly { readonly count: number }[]): number {
  const most = Math.max(...bins.map((bin) => bin.count));
  return 2 + 6 * Math.sqrt(count / most);
}
