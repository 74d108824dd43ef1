import fc from 'fast-check';
import { expect, it } from 'vitest';

import { TokenTrie } from '../src/token-trie.js';

it('the longest token at a place is found', () => {
  const trie = new TokenTrie([
    ['un', 1],
    ['unable', 2],
    ['una', 3],
    ['😀', 4],
  ]);
  const found = (text: string, start = 0) => (trie.find(text, start) ? [trie.id, trie.end] : undefined);
  expect(found('unable')).toEqual([2, 6]);
  expect(found('unab')).toEqual([3, 3]);
  expect(found('xun', 1)).toEqual([1, 3]);
  expect(found('u')).toBeUndefined();
  expect(found('')).toBeUndefined();
  expect(found('😀')).toEqual([4, 2]);
  expect(found('\ud83d')).toBeUndefined();
});

it('an empty token is found nowhere, and no token at all neither', () => {
  expect(new TokenTrie([['', 7]]).find('a', 0)).toBe(false);
  expect(new TokenTrie([]).find('a', 0)).toBe(false);
});

it('finds what trying every length finds', () => {
  const token = fc.string({ unit: fc.constantFrom('a', 'b', 'é', '\uffff', '\u0000'), minLength: 1, maxLength: 5 });
  fc.assert(
    fc.property(
      fc.uniqueArray(token, { maxLength: 40 }),
      fc.array(token).map((parts) => parts.join('')),
      (tokens, text) => {
        // prettier-ignore
        const ids = new Map(tokens.map((each, id) => [each, id]));
        const trie = new TokenTrie(ids);
        for (let start = 0; start < text.length; start++) {
          let end = text.length;
          while (end > start && !ids.has(text.slice(start, end))) end--;
          expect(trie.find(text, start)).toBe(end > start);
          if (end > start) expect([trie.id, trie.end]).toEqual([ids.get(text.slice(start, end)), end]);
        }
      },
    ),
    { numRuns: 500, seed: 1 },
  );
});
