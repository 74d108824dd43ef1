import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { hashNgrams, splitWords } from '../src/index.js';
import { oracle } from './oracle.js';

describe('splitWords', () => {
  it.each(oracle.tokenized)('splits $text as the reference does', ({ text, words }) => {
    expect(splitWords(text)).toEqual(words);
  });

  it('keeps apostrophes inside words and makes every other visible character a word', () => {
    expect(splitWords("It's 'GOOD'!!<br />(7/10)")).toEqual([
      "it's",
      "'",
      'good',
      "'",
      '!',
      '!',
      '(',
      '7',
      '/',
      '10',
      ')',
    ]);
  });
});

describe('hashNgrams', () => {
  it.each(oracle.tokenized)("gives scikit-learn's MurmurHash3 of $text", ({ text, hashes }) => {
    expect([...hashNgrams(text)]).toEqual(hashes);
  });

  it('counts n words as at most 3 n − 3 n-grams, each once', () => {
    expect(hashNgrams('a b c d')).toHaveLength(4 + 3 + 2);
    expect(hashNgrams('a a a a')).toHaveLength(3);
    expect(hashNgrams('')).toHaveLength(0);
  });

  it('gives ascending hashes without repeats for any string', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (text) => {
        const hashes = hashNgrams(text);
        expect([...hashes]).toEqual([...new Set(hashes)].sort((a, b) => a - b));
      }),
      { numRuns: 200, seed: 1 },
    );
  });

  it('takes a text of a million characters', () => {
    expect(hashNgrams('!'.repeat(1_000_000))).toHaveLength(3);
    expect(hashNgrams('a'.repeat(1_000_000))).toHaveLength(1);
  });
});
