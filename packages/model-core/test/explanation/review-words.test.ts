import { TINY_BASE_TOKENIZER, TINY_TOKENIZER_CONFIG } from '@marquee/fixtures';
import { splitWords } from '@marquee/linear';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { createTokenizer, createTokenizerJson } from '../../src/index.js';
import { alignWords } from '../../src/explanation/review-words.js';

const tokenizer = createTokenizer(createTokenizerJson(TINY_BASE_TOKENIZER), TINY_TOKENIZER_CONFIG, {
  maxLength: 16,
  truncation: 'head',
});
const readings = [splitWords, (text: string) => tokenizer.tokenize(text)];
const wordsOf = (text: string): string[] => alignWords(text, readings).words.map((word) => word.text);

describe('alignWords', () => {
  it('gives words and marks with their places in the text', () => {
    const text = "It wasn't  good!<br /><br />A caf\u00e9.";
    const { words } = alignWords(text, readings);
    expect(words.map((word) => word.text)).toEqual(['It', "wasn't", 'good', '!', 'A', 'café', '.']);
    for (const { text: word, start, end } of words) expect(text.slice(start, end)).toBe(word);
  });

  it('keeps what belongs to a letter or a symbol with it', () => {
    expect(wordsOf('cafe\u0301 \u2764\ufe0f \ud83d\udc69\u200d\ud83d\ude80 good')).toEqual([
      'cafe\u0301',
      '\u2764\ufe0f',
      '\ud83d\udc69\u200d\ud83d\ude80',
      'good',
    ]);
  });

  it.each(['\f', '\v', '\ufeff'])('makes one word of two that only %j is between, which BERT deletes', (deleted) => {
    expect(wordsOf(`a good${deleted}film\u00a0today${deleted} ${deleted}`)).toEqual([
      'a',
      `good${deleted}film`,
      'today',
    ]);
  });

  it('leaves a run whole where its words are read otherwise together than apart', () => {
    const upperCase = (text: string) => [text.includes('.') ? text.toUpperCase() : text];
    expect(alignWords('a b.c d', [(text) => text.split(' ').flatMap(upperCase)]).words.map(({ text }) => text)).toEqual(
      ['a', 'b.c', 'd'],
    );
    const { words } = alignWords(' two words ', [(text) => [text.trim().length]]);
    expect(words).toEqual([{ text: 'two words', start: 1, end: 10 }]);
  });

  it('gives what every reading gives of the whole, whatever the text', () => {
    const unit = fc.oneof(
      fc.constantFrom(
        'good',
        'un',
        'believable',
        "'",
        '’',
        '.',
        ' ',
        '\n',
        '<br />',
        '\u0301',
        'Σ',
        'İ',
        '\u200d',
        '\ufe0f',
        '\f',
        '\v',
        '\ufeff',
        '\u00a0',
        '電影',
        '[SEP]',
        '\u2adc',
        '😀',
      ),
      fc.string({ unit: 'binary', maxLength: 3 }),
    );
    fc.assert(
      fc.property(fc.array(unit, { maxLength: 12 }), (units) => {
        const text = units.join('');
        const { words, pieces } = alignWords(text, readings);
        readings.forEach((read, i) => expect(pieces[i]?.flat()).toEqual(read(text)));
        words.forEach(({ start, end, text: word }, i) => {
          expect(end - start).toBe(word.length);
          expect(start).toBeGreaterThanOrEqual(words[i - 1]?.end ?? 0);
        });
      }),
    );
  });
});
