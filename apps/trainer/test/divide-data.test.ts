import { join } from 'node:path';

import { createRandom } from '@marquee/dataset';
import { beforeAll, describe, expect, test } from 'vitest';

import type { DataOptions } from '../src/data-options.js';
import { divideReviews } from '../src/divide-data.js';
import { temporaryFolder } from './support/temporary-folder.js';
import { type Row, writeCsv } from './support/tiny-reviews.js';

/** Words that no other seed draws in this order. */
function drawWords(count: number, seed: number): string[] {
  const random = createRandom(seed, 11);
  return Array.from({ length: count }, () => `word${Math.floor(5000 * random.float())}`);
}

/** 40 reviews of 60 words, each followed by its copy with one more word. */
const PAIRS: readonly Row[] = Array.from({ length: 40 }, (_, pair): Row[] => {
  const text = drawWords(60, pair).join(' ');
  const label = pair % 2 === 0 ? 'negative' : 'positive';
  return [
    [text, label],
    [`${text} again`, label],
  ];
}).flat();

let root: string;
let trainFile: string;
beforeAll(async () => {
  root = await temporaryFolder();
  trainFile = join(root, 'train.csv');
  await writeCsv(trainFile, PAIRS);
});

const optionsWith = (changes: Partial<DataOptions>): DataOptions => ({
  dataFile: undefined,
  trainFile,
  validationFile: undefined,
  testFile: undefined,
  textColumnName: 'review',
  labelColumnName: 'sentiment',
  groupColumn: undefined,
  dropDuplicates: false,
  splitFile: undefined,
  validationSplitPercentage: 20,
  maxTrainSamples: undefined,
  maxEvalSamples: undefined,
  seed: 42,
  ...changes,
});

describe('a part that is held out of the training file', () => {
  test('has both of two nearly equal reviews, or neither', async () => {
    const { train, validation } = await divideReviews(optionsWith({}));
    expect(validation?.reviews).toHaveLength(16);
    const pairOf = ({ text }: { readonly text: string }): string => text.replace(/ again$/, '');
    const held = new Set(validation?.reviews.map(pairOf));
    expect(held.size).toBe(8);
    expect(train.reviews.filter((review) => held.has(pairOf(review)))).toEqual([]);
  });

  test('is the same whatever test file is given, and told by the digest of its rows', async () => {
    // Each of two training reviews is nearly equal to the test review, and not to the other.
    const words = drawWords(70, 77);
    const [first, bridge, second] = [0, 5, 10].map((start) => words.slice(start, start + 60).join(' ')) as [
      string,
      string,
      string,
    ];
    const [bridged, testFile] = [join(root, 'bridged.csv'), join(root, 'test.csv')];
    await writeCsv(bridged, [[first, 'negative'], [second, 'negative'], ...PAIRS]);
    await writeCsv(testFile, [[bridge, 'negative']]);
    const alone = await divideReviews(optionsWith({ trainFile: bridged }));
    const beside = await divideReviews(optionsWith({ trainFile: bridged, testFile }));
    expect(beside.report.overlaps).toMatchObject([{ near: 1, nearRows: [2, 1] }]);
    expect(beside.validation?.source).toEqual(alone.validation?.source);
    expect(alone.validation?.source.rowsSha256).toMatch(/^[0-9a-f]{64}$/);
    const other = await divideReviews(optionsWith({ trainFile: bridged, seed: 43 }));
    expect(other.validation?.source).not.toEqual(alone.validation?.source);
  });
});
