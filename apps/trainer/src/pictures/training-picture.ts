import type { ChartConfiguration } from 'chart.js';

import { drawFigure } from './figure.js';
import { formatCount } from './format.js';
import { type Axis, type LineData, linePanel, MARK, type Note, type Point, verticalLine } from './panel.js';
import { COLORS, withOpacity } from './theme.js';

/** What is drawn of a training. */
export interface TrainingCurves {
  /** Names model and data in the heading. */
  readonly subject: string;
  readonly steps: readonly LoggedStep[];
  readonly evaluations: readonly LoggedEvaluation[];
  /** By which the step was chosen, as it is written on the axis. */
  readonly metricName: string;
  /** The step whose weights were kept; absent where none was chosen. */
  readonly chosenStep: number | undefined;
  /** Largest norm of the gradients; 0 for any. */
  readonly maxGradNorm: number;
}

export interface LoggedStep {
  readonly step: number;
  readonly loss: number;
  readonly learningRate: number;
  readonly gradientNorm: number;
}

export interface LoggedEvaluation {
  readonly step: number;
  readonly loss: number;
  readonly metric: number;
}

/** Draws `training_curves.png`: losses, the metric, the learning rate and the gradients' norm, with the chosen step marked. */
export function drawTraining(curves: TrainingCurves): Promise<Uint8Array> {
  return drawFigure({
    title: 'Training',
    subtitle: curves.subject,
    panels: [lossPanel(curves), metricPanel(curves), learningRatePanel(curves), gradientPanel(curves)],
  });
}

function lossPanel(curves: TrainingCurves): ChartConfiguration {
  const { steps, evaluations } = curves;
  const losses = steps.map(({ step, loss }) => ({ x: step, y: loss }));
  const validation = evaluations.map(({ step, loss }) => ({ x: step, y: loss }));
  return linePanel({
    title: 'Loss',
    x: stepAxis(curves),
    y: { title: 'cross entropy (nats)', min: 0 },
    lines: [
      { label: 'validation', data: validation, ...dotted(COLORS.second) },
      { label: 'training, smoothed', data: smooth(losses), borderColor: COLORS.first },
      { data: losses, borderColor: withOpacity(COLORS.first, 0.25), borderWidth: 1 },
      ...chosenLegend(curves),
    ],
    notes: chosenNote(curves),
  });
}

function metricPanel(curves: TrainingCurves): ChartConfiguration {
  const { evaluations, metricName } = curves;
  return linePanel({
    title: `${metricName} on validation`,
    x: stepAxis(curves),
    y: { title: metricName, ...metricRange(evaluations), ticks: (value) => value.toFixed(3) },
    lines: [
      { data: evaluations.map(({ step, metric }) => ({ x: step, y: metric })), ...dotted(COLORS.second) },
      ...chosenLegend(curves),
    ],
    notes: chosenNote(curves),
  });
}

/** Some room above and below, but none beyond 1 for what cannot be greater. */
function metricRange(evaluations: readonly LoggedEvaluation[]): { readonly min: number; readonly max: number } {
  const values = evaluations.map(({ metric }) => metric).filter(Number.isFinite);
  if (values.length === 0) return { min: 0, max: 1 };
  const [least, greatest] = [Math.min(...values), Math.max(...values)];
  const room = Math.max(0.01, 0.15 * (greatest - least));
  return { min: Math.max(0, least - room), max: greatest <= 1 ? Math.min(1, greatest + room) : greatest + room };
}

function learningRatePanel(curves: TrainingCurves): ChartConfiguration {
  return linePanel({
    title: 'Learning rate',
    x: stepAxis(curves),
    y: {
      title: 'learning rate',
      min: 0,
      ticks: (value) => (value === 0 ? '0' : value.toExponential(1).replace('.0', '')),
    },
    lines: [
      { data: curves.steps.map(({ step, learningRate }) => ({ x: step, y: learningRate })), borderColor: COLORS.first },
      ...chosenLegend(curves),
    ],
    notes: chosenNote(curves),
  });
}

function gradientPanel(curves: TrainingCurves): ChartConfiguration {
  const norms = curves.steps.map(({ step, gradientNorm }) => ({ x: step, y: gradientNorm }));
  const end = curves.steps.at(-1)?.step ?? 1;
  const limit = [0, end].map((x) => ({ x, y: curves.maxGradNorm }));
  return linePanel({
    title: 'Gradient norm',
    x: stepAxis(curves),
    y: { title: 'L2 norm before clipping', min: 0 },
    lines: [
      { label: 'smoothed', data: smooth(norms), borderColor: COLORS.first },
      { data: norms, borderColor: withOpacity(COLORS.first, 0.25), borderWidth: 1 },
      ...(curves.maxGradNorm === 0
        ? []
        : [{ label: 'clipped above', data: limit, borderColor: COLORS.muted, borderDash: [5, 5], borderWidth: 1.5 }]),
      ...chosenLegend(curves),
    ],
    notes: chosenNote(curves),
  });
}

const stepAxis = ({ steps }: TrainingCurves): Axis => ({
  title: 'optimizer step',
  min: 0,
  max: steps.at(-1)?.step ?? 1,
  isCount: true,
});

const dotted = (color: string) => ({ borderColor: color, backgroundColor: color, pointRadius: 4, clip: 8 });

/** A line without a text of its own, which would cover the curve: the legend says what it is. */
const chosenNote = ({ chosenStep }: TrainingCurves): Note[] =>
  chosenStep === undefined ? [] : [verticalLine(chosenStep)];

function chosenLegend({ chosenStep }: TrainingCurves): LineData[] {
  if (chosenStep === undefined) return [];
  return [{ label: `chosen: step ${formatCount(chosenStep)}`, data: [], ...MARK }];
}

/** Exponential moving average over about a fiftieth of the points, and over five at least, corrected for its start as Adam's moments are. */
function smooth(points: readonly Point[]): Point[] {
  const decay = 1 - 1 / Math.max(5, points.length / 50);
  let average = 0;
  let weight = 0;
  return points.map(({ x, y }) => {
    average = decay * average + (1 - decay) * y;
    weight = decay * weight + (1 - decay);
    return { x, y: average / weight };
  });
}
