import { TINY_BASE_TOKENIZER, TINY_TOKENIZER_CONFIG } from '@marquee/fixtures';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { createTokenizerJson, type JsonObject } from '../src/index.js';
import { createLibraryTokenizer } from '../src/library-tokenizer.js';
import { readTokenizerParts } from '../src/tokenizer-json.js';
import { createWordSplitter, type WordSplitter } from '../src/word-splitter.js';

/** Our splitter, and what @huggingface/tokenizers makes of a text. */
function splitters(normalizer: JsonObject): { readonly ours: WordSplitter; readonly theirs: WordSplitter } {
  const json = createTokenizerJson({ ...TINY_BASE_TOKENIZER, normalizer });
  const library = createLibraryTokenizer(json, TINY_TOKENIZER_CONFIG);
  return {
    ours: createWordSplitter(library, readTokenizerParts(json)),
    theirs: (text) => library.pre_tokenizer?.(library.normalizer?.(text) ?? text) ?? [],
  };
}

const uncased = splitters(TINY_BASE_TOKENIZER.normalizer);
const cased = splitters({ ...TINY_BASE_TOKENIZER.normalizer, strip_accents: false, lowercase: false });
const bare = splitters({ type: 'BertNormalizer', clean_text: false, handle_chinese_chars: false, strip_accents: true, lowercase: false }); // prettier-ignore

describe('words', () => {
  it.each([
    ['“Café—ÉTÉ”', ['“', 'cafe', '—', 'ete', '”']],
    ['naı̈ve Ǆ ŉ ẞ', ['naıve', 'ǆ', 'ŉ', 'ß']],
    ['ΟΔΟΣ ΣΑΣ', ['οδος', 'σας']],
    ['и\u0306 й', ['и', 'и']],
    ['한국 電影x', ['한국'.normalize('NFD'), '電', '影', 'x']],
    ['a\u00adb\u200dc\u00a0d\ufeffe\u037e', ['abc', 'de', ';']],
    ['x😀é Σ', ['x😀e', 'σ']],
  ])('of %j are in lower case, without accents, apart from marks', (text, words) => {
    expect(uncased.ours(text)).toEqual(words);
    expect(uncased.theirs(text)).toEqual(words);
  });

  it.each<[string, ...[number, number][]]>([
    ['Latin text with accents and marks', [0x20, 0x24f], [0x1e00, 0x1eff], [0x2000, 0x206f], [0x300, 0x36f]],
    ['Greek, Cyrillic, Hebrew, Arabic and Indic text', [0x370, 0xdff], [0x1f00, 0x1fff], [0x300, 0x36f]],
    ['ideographs, kana and Hangul', [0x1100, 0x11ff], [0x2e80, 0x9fff], [0xac00, 0xd7a3], [0xf900, 0xfaff]],
    ['any text of the basic plane', [0, 0xffff]],
  ])('equal those of @huggingface/tokenizers for %s', (_, ...ranges) => {
    const unit = fc.oneof(
      fc.constantFrom(0x20, 0x61, 0x42, 0x301, 0x2019, 0xe9),
      ...ranges.map(([min, max]) => fc.integer({ min, max })),
    );
    fc.assert(
      fc.property(fc.array(unit, { maxLength: 60 }), (units) => {
        const text = String.fromCharCode(...units);
        for (const { ours, theirs } of [uncased, cased, bare]) expect(ours(text)).toEqual(theirs(text));
      }),
      { numRuns: 1_000, seed: 3 },
    );
  });

  it('equal those of @huggingface/tokenizers for each character of the basic plane between letters, marks and spaces', () => {
    const different: string[] = [];
    for (let unit = 0; unit < 0x10000; unit++) {
      const text = `a${String.fromCharCode(unit)}É!${String.fromCharCode(unit)} b`;
      const [ours, theirs] = [uncased.ours(text), uncased.theirs(text)];
      if (ours.join('\n') !== theirs.join('\n')) different.push(unit.toString(16));
    }
    expect(different).toEqual([]);
  });

  it('that are too long for the vocabulary stay too long, and take no more memory than that', () => {
    for (const text of ['é'.repeat(1_000_000), 'e'.repeat(1_000_000), 'éa'.repeat(500_000)]) {
      const [word, ...more] = uncased.ours(`${text} b`);
      expect(word?.length).toBeGreaterThan(100);
      expect(word?.length).toBeLessThan(1_000);
      expect(more).toEqual(['b']);
    }
  });
});
