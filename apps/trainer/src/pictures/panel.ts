import type { Chart, ChartConfiguration, ChartDataset, ChartOptions, ScaleOptionsByType } from 'chart.js';

import { formatCount } from './format.js';
import { COLORS, FONT_SIZE, withOpacity } from './theme.js';

export interface Axis {
  /** With the unit. */
  readonly title: string;
  readonly min?: number;
  readonly max?: number;
  readonly ticks?: (value: number) => string;
  /** Whole ticks, written as counts. */
  readonly isCount?: boolean;
  readonly stepSize?: number;
}

export interface Point {
  readonly x: number;
  readonly y: number;
}

/** An annotation of chartjs-plugin-annotation, whose own types do not resolve in an ES module. */
export interface Note {
  readonly type: 'line' | 'box' | 'label';
  readonly [option: string]: unknown;
}

export type LineData = ChartDataset<'line', Point[]>;

export interface Panel {
  readonly title: string;
  readonly x: Axis;
  readonly y: Axis;
  readonly lines: readonly LineData[];
  readonly notes?: readonly Note[];
}

/** A panel of lines over two linear axes, with a legend of those lines that have a label. */
export function linePanel({ title, x, y, lines, notes = [] }: Panel): ChartConfiguration {
  const hasLegend = lines.some(({ label }) => label !== undefined);
  const options = {
    ...panelOptions(title, notes, hasLegend),
    scales: { x: { type: 'linear', ...axisOptions(x) }, y: { type: 'linear', ...axisOptions(y) } },
  };
  return { type: 'line', data: { datasets: [...lines] }, options } as ChartConfiguration;
}

export function panelOptions(title: string, notes: readonly Note[], hasLegend = false): ChartOptions<'line'> {
  return {
    layout: { padding: { right: 10 } },
    plugins: {
      title: {
        display: true,
        text: title,
        align: 'start',
        color: COLORS.ink,
        font: { size: FONT_SIZE.panel, weight: 600 },
        padding: { top: 0, bottom: hasLegend ? 4 : 14 },
      },
      legend: legendOptions(hasLegend),
      annotation: { annotations: [...notes] },
    } as NonNullable<ChartOptions<'line'>['plugins']>,
  };
}

function legendOptions(display: boolean) {
  return {
    display,
    align: 'start',
    labels: {
      boxWidth: 18,
      boxHeight: 2,
      padding: 10,
      filter: ({ text }: { readonly text?: string }) => text !== undefined,
    },
  } as const;
}

export function axisOptions({
  title,
  min,
  max,
  ticks,
  isCount,
  stepSize,
}: Axis): Partial<ScaleOptionsByType<'linear'>> {
  const format = isCount ? formatCount : ticks;
  return {
    ...(min === undefined ? {} : { min }),
    ...(max === undefined ? {} : { max }),
    title: { display: true, text: title, color: COLORS.ink, padding: 4 },
    grid: { color: COLORS.grid },
    ticks: {
      color: COLORS.muted,
      maxRotation: 0,
      // No tick that is out of step with the others where the axis ends.
      includeBounds: false,
      ...(stepSize === undefined ? {} : { stepSize }),
      // Counts of a handful would repeat: 0, 0, 1, 1.
      ...(isCount ? { precision: 0 } : {}),
      ...(format === undefined ? {} : { callback: (value: string | number) => format(Number(value)) }),
    },
  } as unknown as Partial<ScaleOptionsByType<'linear'>>;
}

/** How a place on the axis is marked. */
export const MARK = { borderColor: COLORS.chosen, borderWidth: 2, borderDash: [6, 4] };

/** A dashed line over the height of the panel. */
export const verticalLine = (x: number): Note => ({ type: 'line', xMin: x, xMax: x, ...MARK });

/** A dashed vertical line with its text at its top, on the side that has the room on an axis from 0 to `among`. */
export function verticalNote(x: number, text: string, { among }: { readonly among: number }): Note[] {
  const isLeft = x > among / 2;
  const label: Note = {
    type: 'label',
    xValue: x,
    yValue: ({ chart }: { readonly chart: Chart }) => chart.scales['y']?.max,
    content: text,
    position: { x: isLeft ? 'end' : 'start', y: 'start' },
    xAdjust: isLeft ? -4 : 4,
    yAdjust: 4,
    padding: 4,
    color: COLORS.chosen,
    backgroundColor: withOpacity(COLORS.paper, 0.85),
    font: { size: FONT_SIZE.note, weight: 600 },
  };
  return [verticalLine(x), label];
}
