import type { Prediction } from '@marquee/model-core';

import { TrainerError } from './trainer-error.js';

/** What was said of one row. */
export interface ScoredRow extends Prediction {
  /** Counted from 1. */
  readonly row: number;
  /** Line of the file at which it starts. */
  readonly line: number;
}

export interface ScoreFormat {
  /** Before the first row. */
  readonly head: string;
  /** One row, its line feed included. */
  write(scored: ScoredRow): string;
}

const valuesOf = ({ row, line, sentiment, confidence, probabilities, tokenCount, truncated, stage }: ScoredRow) => ({
  row,
  line,
  sentiment,
  confidence,
  negative: probabilities.negative,
  positive: probabilities.positive,
  token_count: tokenCount,
  truncated,
  ...(stage && { stage }),
});

const NAMES = ['row', 'line', 'sentiment', 'confidence', 'negative', 'positive', 'token_count', 'truncated'];

/** No value needs quotes in CSV: they are numbers, labels and truth values. */
const FORMATS: Readonly<Record<string, (hasStages: boolean) => ScoreFormat>> = {
  csv: (hasStages) => ({
    head: `${[...NAMES, ...(hasStages ? ['stage'] : [])].join(',')}\n`,
    write: (scored) => `${Object.values(valuesOf(scored)).join(',')}\n`,
  }),
  jsonl: () => ({ head: '', write: (scored) => `${JSON.stringify(valuesOf(scored))}\n` }),
};

/** The format of a file by its ending, and whether a cascade answers, whose predictions have a stage. Throws `INVALID_OPTION` for an ending of another format. */
export function scoreFormatOf(path: string): (hasStages: boolean) => ScoreFormat {
  const ending = /\.([a-z]+)$/i.exec(path)?.[1]?.toLowerCase() ?? '';
  const format = Object.hasOwn(FORMATS, ending) ? FORMATS[ending] : undefined;
  if (format) return format;
  throw new TrainerError('INVALID_OPTION', `--output-file: expected a name ending in .csv or .jsonl, got ${path}`);
}
