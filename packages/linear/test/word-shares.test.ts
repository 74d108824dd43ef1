import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { fitLinearModel, scoreText, scoreWords, shareAmongWords, splitWords } from '../src/index.js';

const PRAISE = ['good', 'a good film', 'not bad', 'not bad at all'];
const BLAME = ['bad', 'a bad film', 'not good', 'not good at all'];
const model = fitLinearModel([...PRAISE, ...BLAME], [...PRAISE.map(() => 1), ...BLAME.map(() => 0)], { minReviews: 2 });

describe('shareAmongWords', () => {
  it('divides the whole logit but the bias, whatever the words', () => {
    const word = fc.constantFrom('good', 'bad', 'not', 'a', 'film', 'at', 'all', 'unknown', '!');
    fc.assert(
      fc.property(fc.array(word, { maxLength: 30 }), (words) => {
        const shares = shareAmongWords(model, words);
        const sum = shares.reduce((total, share) => total + share, model.bias);
        expect(sum).toBeCloseTo(scoreWords(model, words), 10);
      }),
    );
  });

  it('gives the words of an n-gram equal parts of it, and unknown words nothing', () => {
    const single = (text: string): number => scoreText(model, text) - model.bias;
    expect(shareAmongWords(model, ['good'])[0]).toBeCloseTo(single('good'), 12);
    // "not" has no weight beside that of "not bad", which stands in no other way in what was fitted.
    const [not = NaN, bad = NaN] = shareAmongWords(model, ['not', 'bad']);
    expect(not + bad).toBeCloseTo(single('not bad'), 12);
    expect(shareAmongWords(model, ['zebra', 'good', 'zebra'])[0]).toBe(0);
    // Each time that a word stands there has the same part.
    const [first, , second] = shareAmongWords(model, ['good', 'zebra', 'good']);
    expect(first).toBeCloseTo(second ?? NaN, 12);
  });

  it('is of words as splitWords gives them', () => {
    expect(scoreWords(model, splitWords('A GOOD film!'))).toBe(scoreText(model, 'A GOOD film!'));
  });
});
