import type { ConfidenceBin, Interval } from '@marquee/metrics';
import type { ChartConfiguration } from 'chart.js';

import { drawFigure } from './figure.js';
import { formatCount, formatPercent } from './format.js';
import { type Axis, axisOptions, type Note, panelOptions } from './panel.js';
import { COLORS, FONT_SIZE } from './theme.js';

/** Where a model is sure, and where it is right. */
export interface DetailsData {
  readonly subject: string;
  readonly confidence: readonly ConfidenceBin[];
  readonly lengths: readonly LengthSlice[];
  /** What lengths are counted in, as on the axis. */
  readonly lengthUnit: string;
}

export interface LengthSlice {
  /** Tokens, as on the axis. */
  readonly name: string;
  readonly n: number;
  readonly accuracy: number;
  readonly interval: Interval;
}

/** Draws confidence histogram and accuracy by length, for the report. */
export function drawDetails({ subject, confidence, lengths, lengthUnit }: DetailsData): Promise<Uint8Array> {
  return drawFigure({
    title: 'Confidence and length',
    subtitle: subject,
    panels: [confidencePanel(confidence), lengthPanel(lengths, lengthUnit)],
  });
}

function confidencePanel(bins: readonly ConfidenceBin[]): ChartConfiguration {
  const dataset = (label: string, color: string, data: number[]) => {
    return { label, data, backgroundColor: color, barPercentage: 1, categoryPercentage: 0.9 };
  };
  return {
    type: 'bar',
    data: {
      labels: bins.map(({ from, to }) => [from.toFixed(2), `–${to.toFixed(2)}`]),
      datasets: [
        dataset(
          'right',
          COLORS.positive,
          bins.map(({ right }) => right),
        ),
        dataset(
          'wrong',
          COLORS.negative,
          bins.map(({ wrong }) => wrong),
        ),
      ],
    },
    options: {
      ...panelOptions('Confidence', [], true),
      scales: {
        x: { stacked: true, ...categoryAxis('probability of the class that the model names') },
        y: { type: 'linear', stacked: true, ...axisOptions({ title: 'reviews', min: 0, isCount: true }) },
      },
    },
  } as ChartConfiguration;
}

function lengthPanel(slices: readonly LengthSlice[], unit: string): ChartConfiguration {
  const least = Math.min(1, ...slices.map(({ interval: [low] }) => low));
  const y: Axis = {
    title: 'accuracy',
    min: Math.floor(20 * least) / 20,
    max: 1,
    ticks: (value) => formatPercent(value, 0),
  };
  return {
    type: 'line',
    data: {
      labels: slices.map(({ name, n }) => [name, `n = ${formatCount(n)}`]),
      datasets: [
        {
          data: slices.map(({ accuracy }) => accuracy),
          showLine: false,
          pointRadius: 6,
          clip: 8,
          backgroundColor: COLORS.positive,
          borderColor: COLORS.positive,
        },
      ],
    },
    options: {
      ...panelOptions('Accuracy by length, with 95 % intervals', slices.flatMap(intervalNote)),
      scales: {
        x: { offset: true, ...categoryAxis(unit) },
        y: { type: 'linear', ...axisOptions(y) },
      },
    },
  } as ChartConfiguration;
}

function intervalNote({ interval: [low, high] }: LengthSlice, index: number): Note {
  return {
    type: 'line',
    xMin: index,
    xMax: index,
    yMin: low,
    yMax: high,
    borderColor: COLORS.positive,
    borderWidth: 2,
  };
}

const categoryAxis = (text: string) => ({
  title: { display: true, text, color: COLORS.ink },
  grid: { display: false },
  ticks: { color: COLORS.muted, maxRotation: 0, autoSkip: false, font: { size: FONT_SIZE.tick } },
});
