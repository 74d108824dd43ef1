import type { ChartConfiguration } from 'chart.js';

import { drawFigure } from './figure.js';
import { formatCount } from './format.js';
import { type Axis, linePanel, type Point } from './panel.js';
import { COLORS, withOpacity } from './theme.js';

/** What is drawn of a search for training options. */
export interface SearchedTrials {
  /** Names model and data in the heading. */
  readonly subject: string;
  /** As it is written on the axis. */
  readonly metricName: string;
  readonly options: readonly SearchedOption[];
  readonly trials: readonly DrawnTrial[];
}

export interface SearchedOption {
  readonly name: string;
  /** Values on a logarithmic scale are given as they are; those of a category as indexes of `categories`. */
  readonly scale: 'linear' | 'integer' | 'logarithmic' | { readonly categories: readonly string[] };
}

export interface DrawnTrial {
  /** One an option, in their order; undefined where it is not known. */
  readonly values: readonly (number | undefined)[];
  /** Rung by rung: the score with so many training reviews. */
  readonly scores: readonly { readonly rows: number; readonly score: number }[];
  readonly isBest: boolean;
}

/** Options beyond these are in the table alone. */
const MAX_OPTION_PANELS = 5;

/** Draws `trials.png`: how trials went from rung to rung, and the score over each option that was searched. */
export function drawSearch(search: SearchedTrials): Promise<Uint8Array> {
  const options = search.options.slice(0, MAX_OPTION_PANELS);
  return drawFigure({
    title: 'Search for training options',
    subtitle: search.subject,
    panels: [rungPanel(search), ...options.map((option, index) => optionPanel(search, option, index))],
  });
}

/** The best trial stands out, above the others. */
function rungPanel(search: SearchedTrials): ChartConfiguration {
  const others = search.trials.filter(({ isBest }) => !isBest);
  const best = search.trials.filter(({ isBest }) => isBest);
  const line = ({ scores }: DrawnTrial) => scores.map(({ rows, score }) => ({ x: rows, y: score }));
  return linePanel({
    title: `${search.metricName} by training reviews`,
    x: { title: 'training reviews of a rung', min: 0, isCount: true },
    y: scoreAxis(search),
    lines: [
      ...best.map((trial) => ({ label: 'best trial', data: line(trial), ...dots(COLORS.chosen, 5) })),
      ...others.map((trial, index) => ({
        ...(index === 0 && { label: 'other trials' }),
        data: line(trial),
        ...dots(withOpacity(COLORS.first, 0.5), 3),
      })),
    ],
  });
}

/** One dot a trial, at its last score; those of earlier rungs, with fewer reviews, are paler. */
function optionPanel(search: SearchedTrials, option: SearchedOption, index: number): ChartConfiguration {
  const categories = typeof option.scale === 'object' ? option.scale.categories : undefined;
  const isLogarithmic = option.scale === 'logarithmic';
  const pointOf = ({ values, scores }: DrawnTrial): Point[] => {
    const value = values[index];
    const last = scores.at(-1);
    return value === undefined || !last ? [] : [{ x: isLogarithmic ? Math.log10(value) : value, y: last.score }];
  };
  const rows = [...new Set(search.trials.flatMap(({ scores }) => scores.at(-1)?.rows ?? []))].sort((a, b) => b - a);
  const best = search.trials.filter(({ isBest }) => isBest).flatMap(pointOf);
  const lines = rows.map((count, rung) => {
    const others = search.trials.filter(({ scores, isBest }) => !isBest && scores.at(-1)?.rows === count);
    const color = withOpacity(COLORS.first, Math.max(0.25, 0.9 - 0.3 * rung));
    return {
      label: `${formatCount(count)} reviews`,
      data: others.flatMap(pointOf),
      showLine: false,
      ...dots(color, 5),
    };
  });
  const ticks = (value: number): string => {
    if (categories) return categories[value] ?? '';
    return isLogarithmic ? (10 ** value).toExponential(0) : String(Number(value.toPrecision(3)));
  };
  return linePanel({
    title: `${search.metricName} by ${option.name}`,
    x: {
      title: `${option.name}${isLogarithmic ? ', logarithmic' : ''}`,
      ticks,
      ...(option.scale === 'linear' ? {} : { stepSize: 1 }),
      ...(categories && { min: -1, max: categories.length }),
    },
    y: scoreAxis(search),
    lines: [
      { label: 'best trial', data: best, showLine: false, ...dots(COLORS.chosen, 7) },
      ...lines.filter(({ data }) => data.length > 0),
    ],
  });
}

const scoreAxis = ({ metricName }: SearchedTrials): Axis => ({
  title: `${metricName} on held-out reviews`,
  ticks: (value) => value.toFixed(3),
});

const dots = (color: string, pointRadius: number) => ({
  borderColor: color,
  backgroundColor: color,
  pointRadius,
  clip: 8,
});
