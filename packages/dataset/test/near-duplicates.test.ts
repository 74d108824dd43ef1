import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { createRandom, findDuplicates, findNearDuplicates, joinGroups, rowDigest } from '../src/index.js';
import { createMinHasher } from '../src/min-hash.js';
import { jaccard, shinglesOf } from '../src/shingles.js';

const WORDS = Array.from({ length: 300 }, (_, index) => `word${index}`);

/** A review of `length` words; a vocabulary of 300 makes a run of three that comes twice by chance rare. */
function reviewOf(length: number, seed: number): string[] {
  const random = createRandom(seed, 1);
  return Array.from({ length }, () => WORDS[random.uint32() % WORDS.length] ?? '');
}

/** The review with every `step`-th word changed. */
const edited = (words: readonly string[], step: number, mark: string): string =>
  words.map((word, index) => (index % step === step - 1 ? `${mark}${index}` : word)).join(' ');

describe('shingles', () => {
  it('are the distinct runs of three words, without layout, marks and capitals', () => {
    expect([...shinglesOf('A fine, fine film.<br />A fine FINE film')]).toEqual([
      'a fine fine',
      'fine fine film',
      'fine film a',
      'film a fine',
    ]);
    expect([...shinglesOf('Dull.')]).toEqual(['dull']);
    expect([...shinglesOf('?!')]).toEqual(['']);
  });

  it('agree by their intersection over their union', () => {
    expect(jaccard(shinglesOf('a b c d'), shinglesOf('a b c e'))).toBeCloseTo(1 / 3, 12);
    expect(jaccard(shinglesOf('a b c d'), shinglesOf('e f'))).toBe(0);
  });
});

describe('MinHash', () => {
  it('estimates the Jaccard similarity within four standard errors', () => {
    const places = 1000;
    const random = createRandom(5);
    const sign = (hashes: readonly number[]): Uint32Array => {
      const signature = new Uint32Array(places);
      createMinHasher(places, 3).sign(hashes, signature);
      return signature;
    };
    for (const shared of [20, 100, 160, 190]) {
      // Two sets of 200 that share some: similarity shared / (400 − shared).
      const hashes = Array.from({ length: 400 - shared }, () => random.uint32());
      const [a, b] = [sign(hashes.slice(0, 200)), sign(hashes.slice(-200))];
      const similarity = shared / (400 - shared);
      const estimate = a.filter((value, place) => value === b[place]).length / places;
      expect(Math.abs(estimate - similarity)).toBeLessThan(4 * Math.sqrt((similarity * (1 - similarity)) / places));
    }
  });
});

describe('findNearDuplicates', () => {
  it('groups texts as comparing every two of them does', () => {
    // 40 reviews of 60 words, each with four editions from nearly equal to rather different.
    const texts = Array.from({ length: 40 }, (_, seed) => reviewOf(60, seed)).flatMap((words) => [
      words.join(' '),
      edited(words, 50, 'x'),
      edited(words, 30, 'y'),
      edited(words, 12, 'z'),
    ]);
    const sets = texts.map(shinglesOf);
    for (const threshold of [0.8, 0.9]) {
      const pairs = findNearDuplicates(texts, { threshold });
      for (const { first, second, jaccard: found } of pairs) {
        expect(first).toBeLessThan(second);
        expect(found).toBe(jaccard(sets[first] ?? new Set(), sets[second] ?? new Set()));
        expect(found).toBeGreaterThanOrEqual(threshold);
      }
      const grouped = connected(
        texts.length,
        pairs.map(({ first, second }) => [first, second]),
      );
      const all = sets.flatMap((a, first) =>
        sets.flatMap((b, second): [number, number][] =>
          first < second && jaccard(a, b) >= threshold ? [[first, second]] : [],
        ),
      );
      expect(all.length).toBeGreaterThan(30);
      expect(grouped).toEqual(connected(texts.length, all));
    }
  });

  it('finds the same for the same seed', () => {
    const texts = Array.from({ length: 30 }, (_, seed) => [
      reviewOf(40, seed).join(' '),
      edited(reviewOf(40, seed), 40, 'x'),
    ]).flat();
    expect(findNearDuplicates(texts, { seed: 7 })).toEqual(findNearDuplicates(texts, { seed: 7 }));
    expect(findNearDuplicates(texts, { seed: 7 })).toHaveLength(30);
  });

  it('is not drowned by boilerplate that all reviews share', () => {
    // 60 of 100 words are the same in 3,000 reviews: similarity 0.42, a bucket in common for most.
    const boilerplate = reviewOf(60, 999).join(' ');
    const texts = Array.from({ length: 3000 }, (_, seed) => `${boilerplate} ${reviewOf(40, seed).join(' ')}`);
    texts.push(`${texts[5] ?? ''} indeed`);
    expect(findNearDuplicates(texts)).toMatchObject([{ first: 5, second: 3000 }]);
  });

  it('finds nothing in nothing', () => {
    expect(findNearDuplicates([])).toEqual([]);
    expect(findNearDuplicates(['alone'])).toEqual([]);
  });
});

/** For each item the first one connected to it, by flooding. */
function connected(size: number, pairs: readonly (readonly [number, number])[]): number[] {
  const group = Array.from({ length: size }, (_, item) => item);
  for (let changed = true; changed;) {
    changed = false;
    for (const [a, b] of pairs) {
      const least = Math.min(group[a] ?? a, group[b] ?? b);
      if (group[a] === least && group[b] === least) continue;
      group[a] = group[b] = least;
      changed = true;
    }
  }
  return group;
}

describe('findDuplicates', () => {
  it('tells identical, equal and nearly equal rows', () => {
    const words = reviewOf(50, 1);
    const text = words.join(' ');
    const texts = ['other', text, text, text.replace(' ', '<br />'), `${text} indeed`, 'Other'];
    const { identical, equal, near } = findDuplicates(texts, texts.map(rowDigest));
    expect([...identical]).toEqual([0, 1, 1, 3, 4, 5]);
    expect([...equal]).toEqual([0, 1, 1, 1, 4, 5]);
    expect([...near]).toEqual([0, 1, 1, 1, 1, 0]);
  });
});

describe('joinGroups', () => {
  it('joins what shares a value, through other rows too, and leaves empty values alone', () => {
    const joined = joinGroups([0, 1, 1, 3, 4, 5, 6], ['a', 'b', '', 'a', 'b', '', '']);
    expect([...joined]).toEqual([0, 1, 1, 0, 1, 5, 6]);
  });

  it('never parts a group or a value', () => {
    const row = fc.record({ group: fc.nat(6), value: fc.constantFrom('', 'a', 'b', 'c') });
    const property = fc.property(fc.array(row, { maxLength: 30 }), (rows) => {
      const first = rows.map(({ group }) => rows.findIndex((other) => other.group === group));
      const joined = joinGroups(
        first,
        rows.map(({ value }) => value),
      );
      rows.forEach(({ group, value }, place) => {
        rows.forEach((other, otherPlace) => {
          const belong = other.group === group || (value !== '' && other.value === value);
          if (belong) expect(joined[place]).toBe(joined[otherPlace]);
        });
      });
    });
    fc.assert(property, { seed: 2, numRuns: 200 });
  });
});
