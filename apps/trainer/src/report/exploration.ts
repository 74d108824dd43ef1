import { type DataReport, findSeparatingWords, type Review, type SeparatingWords, wordsOf } from '@marquee/dataset';

import type { ExplorationData } from '../pictures/exploration-picture.js';

/** Rows of one part of the data. */
export interface ExploredPart {
  readonly name: string;
  readonly reviews: readonly Review[];
  /** Tokens of each whole review. */
  readonly tokenCounts: Uint32Array;
}

/** What is shown of data before anything is learned from them. */
export interface Exploration {
  readonly parts: readonly ExploredPart[];
  readonly report: DataReport;
  readonly words: SeparatingWords;
  readonly picture: ExplorationData;
}

/**
 * Looks at data. The words that separate the classes are those of the first part, so that of a training nothing is told of the reviews that are to
 * judge it. Pure.
 */
export function explore(
  subject: string,
  parts: readonly ExploredPart[],
  report: DataReport,
  maxSeqLength: number,
): Exploration {
  const reviews = parts.flatMap((part) => part.reviews);
  const first = parts[0]?.reviews ?? [];
  return {
    parts,
    report,
    words: findSeparatingWords(
      first.map(({ text }) => text),
      first.map(({ label }) => label),
      { minReviews: leastReviews(first.length) },
    ),
    picture: {
      subject,
      labels: reviews.map(({ label }) => label),
      characters: reviews.map(({ text }) => text.length),
      words: reviews.map(({ text }) => wordsOf(text).length),
      tokens: parts.flatMap(({ tokenCounts }) => [...tokenCounts]),
      maxSeqLength,
    },
  };
}

/** Rarer words are names of films and people; of few reviews, a word in two is not rare. */
const leastReviews = (reviews: number): number => Math.min(20, Math.max(2, Math.ceil(reviews / 200)));
