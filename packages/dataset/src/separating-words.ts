import { DatasetError } from './dataset-error.js';
import { wordsOf } from './words.js';

/** One word and how strongly it speaks for a class. */
export interface SeparatingWord {
  readonly word: string;
  /** Standard score of the log-odds ratio: above 0 for class 1, below 0 for class 0; ±1.96 is what chance reaches in one word of twenty. */
  readonly z: number;
  /** Occurrences in the reviews of class 0 and of class 1. */
  readonly counts: readonly [number, number];
}

export interface SeparatingWordsOptions {
  /** Words that the prior is worth: more of them draw the odds of rare words harder toward those of all reviews. Default 500. */
  readonly priorWords?: number;
  /** Least number of reviews that hold the word: rarer ones are names of films and people. Default 20. */
  readonly minReviews?: number;
  /** Words listed for each class. Default 30. */
  readonly top?: number;
}

export interface SeparatingWords {
  /** Strongest first. */
  readonly negative: readonly SeparatingWord[];
  readonly positive: readonly SeparatingWord[];
}

interface WordCount {
  readonly counts: [number, number];
  reviews: number;
  lastReview: number;
}

/**
 * Words that separate two classes, by the log-odds ratio with an informative Dirichlet prior (Monroe, Colaresi and Quinn, Fightin' Words, Political
 * Analysis 16:4, 2008, equations 16, 19 and 22). The prior has the words of both classes together, in proportion. Pure.
 */
export function findSeparatingWords(
  texts: readonly string[],
  labels: ArrayLike<number>,
  options: SeparatingWordsOptions = {},
): SeparatingWords {
  const { priorWords = 500, minReviews = 20, top = 30 } = options;
  if (!(priorWords > 0)) {
    throw new DatasetError('INVALID_OPTION', `priorWords must be above 0, got ${priorWords}`);
  }
  const { counts, totals } = countWords(texts, labels);
  const scored: SeparatingWord[] = [];
  for (const [word, entry] of counts) {
    if (entry.reviews < minReviews) continue;
    scored.push({ word, z: zScore(entry.counts, totals, priorWords), counts: entry.counts });
  }
  scored.sort((a, b) => a.z - b.z || (a.word < b.word ? -1 : 1));
  return {
    negative: scored.filter(({ z }) => z < 0).slice(0, top),
    positive: scored.filter(({ z }) => z > 0).slice(-top).reverse(), // prettier-ignore
  };
}

function countWords(texts: readonly string[], labels: ArrayLike<number>) {
  const counts = new Map<string, WordCount>();
  const totals: [number, number] = [0, 0];
  texts.forEach((text, review) => {
    const label = labels[review] === 1 ? 1 : 0;
    for (const word of wordsOf(text)) {
      let entry = counts.get(word);
      if (!entry) counts.set(word, (entry = { counts: [0, 0], reviews: 0, lastReview: -1 }));
      entry.counts[label]++;
      totals[label]++;
      if (entry.lastReview !== review) entry.reviews++;
      entry.lastReview = review;
    }
  });
  return { counts, totals };
}

function zScore(counts: readonly [number, number], totals: readonly [number, number], priorWords: number): number {
  const alpha = (priorWords * (counts[0] + counts[1])) / (totals[0] + totals[1]);
  // log ((y + α) / (n + α₀ − y − α)) of each class; the variance of the difference is 1 / (y₀ + α) + 1 / (y₁ + α).
  const logOdds = (label: 0 | 1): number =>
    Math.log((counts[label] + alpha) / (totals[label] + priorWords - counts[label] - alpha));
  const variance = 1 / (counts[0] + alpha) + 1 / (counts[1] + alpha);
  return (logOdds(1) - logOdds(0)) / Math.sqrt(variance);
}
