import type { ChartConfiguration } from 'chart.js';

import { drawFigure } from './figure.js';
import { formatCount, formatPercent } from './format.js';
import { histogram, quantile, roundUp } from './histogram.js';
import { type Axis, axisOptions, linePanel, panelOptions, verticalNote } from './panel.js';
import { COLORS, FONT_SIZE, withOpacity } from './theme.js';

/** What is drawn of a data set: for each review its label (0 negative, 1 positive) and its lengths. */
export interface ExplorationData {
  /** Names the data set in the heading. */
  readonly subject: string;
  readonly labels: ArrayLike<number>;
  readonly characters: ArrayLike<number>;
  readonly words: ArrayLike<number>;
  /** Before any cut, special tokens included. */
  readonly tokens: ArrayLike<number>;
  /** Tokens of a review that the model is trained on. */
  readonly maxSeqLength: number;
}

/** Draws `eda_visualizations.png`: sentiment counts, review length by sentiment, word counts, and token lengths with the cut. */
export function drawExploration(data: ExplorationData): Promise<Uint8Array> {
  return drawFigure({
    title: 'Exploration',
    subtitle: `${data.subject}: ${formatCount(data.labels.length)} reviews`,
    panels: [countsPanel(data), lengthPanel(data), wordsPanel(data), tokensPanel(data)],
  });
}

function countsPanel({ labels }: ExplorationData): ChartConfiguration {
  const positives = ofClass(labels, labels, 1).length;
  const counts = [labels.length - positives, positives];
  const notes = counts.map((count, index) => ({
    type: 'label' as const,
    xValue: index,
    yValue: count,
    yAdjust: -12,
    content: `${formatCount(count)} (${formatPercent(count / labels.length)})`,
    font: { size: FONT_SIZE.label, weight: 600 as const },
    color: COLORS.ink,
  }));
  const y: Axis = { title: 'reviews', min: 0, max: roundUp(1.1 * Math.max(...counts)), isCount: true };
  return {
    type: 'bar',
    data: {
      labels: ['negative', 'positive'],
      datasets: [{ data: counts, backgroundColor: [COLORS.negative, COLORS.positive], barPercentage: 0.6 }],
    },
    options: {
      ...panelOptions('Sentiment', notes),
      scales: {
        x: { title: { display: true, text: 'sentiment', color: COLORS.ink }, grid: { display: false } },
        y: { type: 'linear', ...axisOptions(y) },
      },
    },
  } as ChartConfiguration;
}

function lengthPanel({ labels, characters }: ExplorationData): ChartConfiguration {
  const max = axisEnd(characters);
  const classes = [
    { label: 'negative', color: COLORS.negative, lengths: ofClass(characters, labels, 0) },
    { label: 'positive', color: COLORS.positive, lengths: ofClass(characters, labels, 1) },
  ];
  return linePanel({
    title: 'Length by sentiment',
    x: lengthAxis('characters', characters, max),
    y: COUNT_AXIS,
    lines: classes.map(({ label, color, lengths }) => ({
      label: `${label}, median ${formatCount(quantile(lengths, 0.5))}`,
      ...stepped(lengths, max, color),
    })),
  });
}

function wordsPanel({ words }: ExplorationData): ChartConfiguration {
  const max = axisEnd(words);
  const median = quantile(words, 0.5);
  return linePanel({
    title: 'Words',
    x: lengthAxis('words', words, max),
    y: COUNT_AXIS,
    lines: [stepped(words, max, COLORS.positive)],
    notes: verticalNote(median, `median ${formatCount(median)}`, { among: max }),
  });
}

function tokensPanel({ tokens, maxSeqLength }: ExplorationData): ChartConfiguration {
  const max = Math.max(axisEnd(tokens), roundUp(1.25 * maxSeqLength));
  const cut = Array.from(tokens).filter((length) => length > maxSeqLength).length;
  const share = formatPercent(cut / tokens.length);
  return linePanel({
    title: 'Tokens, and where training cuts',
    x: lengthAxis('WordPiece tokens', tokens, max),
    y: COUNT_AXIS,
    lines: [stepped(tokens, max, COLORS.positive)],
    notes: verticalNote(maxSeqLength, `cut at ${maxSeqLength}: ${share} are longer`, { among: max }),
  });
}

const COUNT_AXIS: Axis = { title: 'reviews', min: 0, isCount: true };

function lengthAxis(unit: string, lengths: ArrayLike<number>, max: number): Axis {
  const beyond = Array.from(lengths).filter((length) => length >= max).length / lengths.length;
  const title = beyond === 0 ? unit : `${unit} (the longest ${formatPercent(beyond)} lie beyond)`;
  return { title, min: 0, max, isCount: true };
}

/** Beyond 99 % of the lengths: the longest reviews would squeeze all others into a corner. */
const axisEnd = (lengths: ArrayLike<number>): number => roundUp(quantile(lengths, 0.99) + 1);

const stepped = (lengths: ArrayLike<number>, max: number, color: string) => ({
  // Lengths are whole numbers: a narrower bin than 1 would stay empty.
  data: histogram(lengths, max, Math.min(50, max)),
  borderColor: color,
  backgroundColor: withOpacity(color, 0.16),
  fill: true,
  stepped: 'before' as const,
});

const ofClass = (values: ArrayLike<number>, labels: ArrayLike<number>, label: number): number[] =>
  Array.from(values).filter((_, row) => labels[row] === label);
