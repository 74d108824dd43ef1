import { expect, test } from 'vitest';

import { withoutWords } from '../src/without-words.js';

test('words are taken out where they stand, in any order', () => {
  const words = [
    { start: 8, end: 12 },
    { start: 0, end: 1 },
  ];
  expect(withoutWords('a great film!', words)).toBe(' great !');
  expect(withoutWords('a film', [])).toBe('a film');
});
