import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { TINY_BASE_TOKENIZER, TINY_TOKENIZER_CONFIG, TINY_VOCABULARY } from '@marquee/fixtures';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { createTokenizer, createTokenizerJson, type JsonObject, type Truncation, truncateIds } from '../src/index.js';
import { createLibraryTokenizer } from '../src/library-tokenizer.js';
import { realTokenizerFolder } from './support/folders.js';

const TINY = createTokenizerJson(TINY_BASE_TOKENIZER);

function tiny(maxLength = 1_000_000, truncation: Truncation = 'head') {
  return createTokenizer(TINY, TINY_TOKENIZER_CONFIG, { maxLength, truncation });
}

function tokens(text: string): string[] {
  const byId = new Map(Object.entries(TINY_VOCABULARY).map(([token, id]) => [id, token]));
  return Array.from(tiny().encode(text).inputIds, (id) => byId.get(id) ?? '?');
}

describe('a text', () => {
  it('becomes [CLS] pieces [SEP]', () => {
    expect(tokens('The film was unbelievably good!')).toEqual([
      '[CLS]',
      'the',
      'film',
      'was',
      '[UNK]',
      'good',
      '!',
      '[SEP]',
    ]);
    expect(tokens('Films, ungood')).toEqual(['[CLS]', 'film', '##s', ',', 'un', '##good', '[SEP]']);
  });

  it('loses accents, case and what is no text', () => {
    expect(tokens('CAFÉ')).toEqual(['[CLS]', 'cafe', '[SEP]']);
    expect(tokens('go\u0000od ba\u200bd')).toEqual(['[CLS]', 'good', 'bad', '[SEP]']);
  });

  it('that is empty, blank or only NUL is [CLS] [SEP]', () => {
    for (const text of ['', ' \n\t ', '\u0000', '\ud800', '\u200f']) {
      expect(tiny().encode(text)).toEqual({ inputIds: Int32Array.of(2, 3), tokenCount: 2, truncated: false });
    }
  });

  it('with lone surrogates reads as if they were not there', () => {
    expect(tokens('go\ud83dod')).toEqual(tokens('good'));
    expect(tokens('\udc00bad\ud800')).toEqual(tokens('bad'));
  });

  it('has every "<br />" read as a space', () => {
    expect(tokens('good<br /><br />film')).toEqual(tokens('good film'));
    expect(tokens('good<br>film')).toEqual(['[CLS]', 'good', '<', 'br', '>', 'film', '[SEP]']);
    expect(tokens('<br<br />/>')).toEqual(['[CLS]', '<', 'br', '/', '>', '[SEP]']);
  });

  it('has special tokens read as themselves, as Hugging Face does', () => {
    expect(tokens('good[SEP]bad [mask]')).toEqual(['[CLS]', 'good', '[SEP]', 'bad', '[', '[UNK]', ']', '[SEP]']);
  });

  it('has emoji, ideographs and right-to-left words', () => {
    expect(tokens('😀 電影 שלום')).toEqual(['[CLS]', '😀', '電', '影', '[UNK]', '[SEP]']);
  });
});

describe('the cut', () => {
  const ids = [1, 2, 3, 4, 5, 6, 7];

  it('keeps the head, the tail or both, the odd token going to the head', () => {
    expect(truncateIds(ids, 5, 'head')).toEqual([1, 2, 3, 4, 5]);
    expect(truncateIds(ids, 5, 'tail')).toEqual([3, 4, 5, 6, 7]);
    expect(truncateIds(ids, 5, 'head+tail')).toEqual([1, 2, 3, 6, 7]);
    expect(truncateIds(ids, 7, 'head+tail')).toEqual(ids);
    expect(truncateIds(ids, 1, 'head+tail')).toEqual([1]);
  });

  it('keeps [CLS] and [SEP], and counts the tokens of the whole text', () => {
    const [good, bad] = [TINY_VOCABULARY['good'] ?? 0, TINY_VOCABULARY['bad'] ?? 0];
    const text = 'good good good bad bad';
    expect(tiny(5, 'head').encode(text)).toEqual({
      inputIds: Int32Array.of(2, good, good, good, 3),
      tokenCount: 7,
      truncated: true,
    });
    expect(tiny(5, 'tail').encode(text).inputIds).toEqual(Int32Array.of(2, good, bad, bad, 3));
    expect(tiny(5, 'head+tail').encode(text).inputIds).toEqual(Int32Array.of(2, good, good, bad, 3));
    expect(tiny(7, 'head').encode(text).truncated).toBe(false);
  });

  it('refuses a limit that leaves no room for a token', () => {
    expect(() => tiny(2)).toThrow(expect.objectContaining({ code: 'INVALID_INPUT' }));
    expect(() => tiny(3.5)).toThrow(expect.objectContaining({ code: 'INVALID_INPUT' }));
  });
});

describe('a text of 10 MB', () => {
  const SIZE = 10_000_000;

  // The bound is ten times what a quiet machine needs: it tells linear from quadratic.
  it.each([
    ['of words', 'the film was good. '.repeat(SIZE / 19), 5 * Math.floor(SIZE / 19) + 2],
    ['of one letter', 'a'.repeat(SIZE), 3],
    ['of one emoji', '😀'.repeat(SIZE / 2), 3],
    ['of punctuation', '!'.repeat(SIZE), SIZE + 2],
  ])(
    '%s is counted to the token',
    (_, text, tokenCount) => {
      const encoded = tiny(512).encode(text);
      expect(encoded.tokenCount).toBe(tokenCount);
      expect(encoded.inputIds.length).toBe(Math.min(512, tokenCount));
    },
    60_000,
  );
});

describe('ids', () => {
  const library = createLibraryTokenizer(TINY, TINY_TOKENIZER_CONFIG);
  const full = tiny();

  it('equal those of @huggingface/tokenizers for any text', () => {
    const words = fc.constantFrom(
      ...Object.keys(TINY_VOCABULARY),
      '<br />',
      '<br',
      ' />',
      ' ',
      '\n',
      '\f',
      '\u00a0',
      'Σ',
      'É',
      '\u0301',
      '\ud83d',
    );
    const texts = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.array(words, { maxLength: 40 }).map((parts) => parts.join('')),
    );
    fc.assert(
      fc.property(texts, (text) => {
        expect(Array.from(full.encode(text).inputIds)).toEqual(library.encode(text).ids);
      }),
      { numRuns: 2_000, seed: 1 },
    );
  });

  it('equal those of the library across the slices of a run of 4,096 characters and more', () => {
    const units = fc.constantFrom('a', 'b', 'c', '!', '電', '😀', '\u0000', '\u00a0', 'a'.repeat(120));
    fc.assert(
      fc.property(fc.array(units, { minLength: 30, maxLength: 60 }), (parts) => {
        const text = parts.join('').repeat(150);
        const ours = full.encode(text).inputIds;
        const theirs = library.encode(text).ids;
        // Not toEqual: its message would hold tens of thousands of ids.
        return ours.length === theirs.length && theirs.every((id, index) => id === ours[index]);
      }),
      { numRuns: 20, seed: 2 },
    );
  });

  const real = realTokenizerFolder();
  it.skipIf(!real)('equal those that the Rust tokenizers library gives with the real vocabulary', () => {
    const read = (path: string) => JSON.parse(readFileSync(path, 'utf8')) as JsonObject;
    const tokenizer = createTokenizer(
      createTokenizerJson(read(join(real ?? '', 'tokenizer.json'))),
      read(join(real ?? '', 'tokenizer_config.json')),
      { maxLength: 100_000, truncation: 'head' },
    );
    const oracle = read(new URL('oracles/rust-tokenizers.json', import.meta.url).pathname) as {
      readonly cases: readonly {
        readonly text: string;
        readonly ids: readonly number[];
        readonly divergence?: string;
      }[];
    } & JsonObject;
    for (const { text, ids, divergence } of oracle.cases) {
      const ours = Array.from(tokenizer.encode(text).inputIds);
      if (divergence === undefined) expect(ours, text).toEqual(ids);
      else expect(ours, divergence).not.toEqual(ids);
    }
  });
});

describe('createTokenizerJson', () => {
  it('takes truncation and padding away and is idempotent', () => {
    expect(TINY['truncation']).toBeNull();
    expect(TINY['padding']).toBeNull();
    expect(createTokenizerJson(TINY)).toEqual(TINY);
  });
});

describe('a tokenizer.json of another kind', () => {
  it.each([
    ['BPE', { model: { ...TINY_BASE_TOKENIZER.model, type: 'BPE' } }],
    ['another pre-tokenizer', { pre_tokenizer: { type: 'Whitespace' } }],
    ['another normalizer', { normalizer: { type: 'Lowercase' } }],
    ['no normalizer', { normalizer: null }],
    [
      'a regular expression to replace',
      {
        normalizer: {
          type: 'Sequence',
          normalizers: [{ type: 'Replace', pattern: { Regex: 'x' }, content: ' ' }, TINY_BASE_TOKENIZER.normalizer],
        },
      },
    ],
    [
      'an added token that is normalized',
      { added_tokens: [{ ...TINY_BASE_TOKENIZER.added_tokens[0], normalized: true }] },
    ],
    ['an added token with a space', { added_tokens: [{ ...TINY_BASE_TOKENIZER.added_tokens[0], content: '[P AD]' }] }],
    ['two tokens with one id', { model: { ...TINY_BASE_TOKENIZER.model, vocab: { '[UNK]': 1, a: 1 } } }],
    ['a negative id', { model: { ...TINY_BASE_TOKENIZER.model, vocab: { '[UNK]': -1 } } }],
    ['no unknown token', { model: { ...TINY_BASE_TOKENIZER.model, unk_token: '<unk>' } }],
    ['no post-processor', { post_processor: null }],
    ['no model', { model: null }],
  ])('is refused: %s', (_, change) => {
    const json = { ...TINY, ...change } as JsonObject;
    const make = () => createTokenizer(json, TINY_TOKENIZER_CONFIG, { maxLength: 16, truncation: 'head' });
    expect(make).toThrow(expect.objectContaining({ code: 'INVALID_TOKENIZER', file: 'tokenizer.json' }));
  });
});
