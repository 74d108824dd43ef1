import { writeFile } from 'node:fs/promises';

import { createRandom } from '@marquee/dataset';

export const POSITIVE_WORDS = ['good', 'great', 'fine', 'superb', 'moving', 'funny'] as const;
export const NEGATIVE_WORDS = ['bad', 'dull', 'boring', 'awful', 'silly', 'weak'] as const;
export const NEUTRAL_WORDS = [
  'the',
  'a',
  'film',
  'movie',
  'was',
  'and',
  'plot',
  'actor',
  'scene',
  'i',
  'saw',
  'it',
] as const;

export type Row = readonly [review: string, sentiment: string];

/** Synthetic reviews whose words tell the label, of 3 to some 40 words; every text is different. */
export function tinyRows(count: number, seed = 1): Row[] {
  const random = createRandom(seed, 7);
  const pick = (words: readonly string[]): string => words[Math.floor(random.float() * words.length)] ?? '';
  return Array.from({ length: count }, (_, index) => {
    const isPositive = index % 2 === 1;
    const opinion = isPositive ? POSITIVE_WORDS : NEGATIVE_WORDS;
    const length = 3 + Math.floor(38 * random.float() ** 2);
    const words = Array.from({ length }, () => (random.float() < 0.3 ? pick(opinion) : pick(NEUTRAL_WORDS)));
    const breaks = index % 5 === 0 ? '<br /><br />' : index % 7 === 0 ? '\n' : ' ';
    return [`${words.join(' ')}${breaks}scene ${pick(opinion)} ${index}`, isPositive ? 'positive' : 'negative'];
  });
}

export const toCsv = (rows: readonly Row[]): string =>
  ['review,sentiment', ...rows.map(([review, sentiment]) => `"${review}",${sentiment}`)].join('\n') + '\n';

export const writeCsv = (path: string, rows: readonly Row[]): Promise<void> => writeFile(path, toCsv(rows));
