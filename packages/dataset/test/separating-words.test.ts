import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { describe, expect, it } from 'vitest';

import { findSeparatingWords, readReviews, type SeparatingWord } from '../src/index.js';

interface Oracle {
  readonly priorWords: number;
  readonly minReviews: number;
  readonly scored: number;
  readonly negative: readonly SeparatingWord[];
  readonly positive: readonly SeparatingWord[];
}

const fileOf = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
// By oracles/separating_words.py, which shares no code with ours.
const ORACLE = JSON.parse(readFileSync(fileOf('oracles/separating-words.json'), 'utf8')) as Oracle;

describe('findSeparatingWords', () => {
  it('scores the words of the sample as Python does', async () => {
    const reviews = await readReviews(fileOf('../../../data/sample.csv'));
    const found = findSeparatingWords(
      reviews.map(({ text }) => text),
      reviews.map(({ label }) => label),
      { ...ORACLE, top: 25 },
    );
    for (const side of ['negative', 'positive'] as const) {
      expect(found[side].map(({ counts }) => counts)).toEqual(ORACLE[side].map(({ counts }) => counts));
      expect(found[side].map(({ word }) => word)).toEqual(ORACLE[side].map(({ word }) => word));
      found[side].forEach(({ z }, place) => expect(z).toBeCloseTo(ORACLE[side][place]?.z ?? NaN, 10));
    }
  });

  it('gives a word of one class alone a finite score, drawn toward none by the prior', () => {
    const texts = ['good film', 'good film', 'bad film', 'bad film'];
    const zOf = (priorWords: number): number =>
      findSeparatingWords(texts, [1, 1, 0, 0], { minReviews: 1, priorWords }).positive[0]?.z ?? NaN;
    expect(zOf(1)).toBeGreaterThan(0);
    expect(zOf(100)).toBeGreaterThan(0);
    expect(zOf(100)).toBeLessThan(zOf(1));
  });

  it('changes the sides with the labels', () => {
    const texts = ['good film', 'good', 'bad film', 'bad thing'];
    const one = findSeparatingWords(texts, [1, 1, 0, 0], { minReviews: 1 });
    const other = findSeparatingWords(texts, [0, 0, 1, 1], { minReviews: 1 });
    expect(one.positive.map(({ word }) => word)).toEqual(other.negative.map(({ word }) => word));
    expect(one.positive[0]?.word).toBe('good');
    expect(one.negative[0]?.word).toBe('bad');
  });

  it('counts small letters and capitals as one word, and leaves rare words and breaks out', () => {
    const { positive } = findSeparatingWords(['Fine<br />fine', "FINE don't", 'dull', 'Dull'], [1, 1, 0, 0], {
      minReviews: 2,
    });
    expect(positive).toMatchObject([{ word: 'fine', counts: [0, 3] }]);
  });

  it('has nothing to say of no reviews', () => {
    expect(findSeparatingWords([], [])).toEqual({ negative: [], positive: [] });
  });

  it('refuses a prior that is none', () => {
    for (const priorWords of [0, -1, NaN]) {
      expect(() => findSeparatingWords(['a'], [1], { priorWords })).toThrow('priorWords must be above 0');
    }
  });
});
