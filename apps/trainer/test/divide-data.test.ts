import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { createRandom, readReviews } from '@marquee/dataset';
import { beforeAll, describe, expect, test } from 'vitest';

import { BLEND_OPTION_SPECS } from '../src/blend-options.js';
import { resolveOptions } from '../src/command-line.js';
import type { DataOptions } from '../src/data-options.js';
import { divideReviews } from '../src/divide-data.js';
import { TRAIN_OPTION_SPECS } from '../src/train-options.js';
import { TUNE_OPTION_SPECS, type TuneOptions } from '../src/tune/tune-options.js';
import { writeTuningParts } from '../src/tune/tuning-parts.js';
import { temporaryFolder } from './support/temporary-folder.js';
import { type Row, tinyRows, writeCsv } from './support/tiny-reviews.js';

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

describe('one file that is divided', () => {
  const divided = { trainFile: undefined, validationSplitPercentage: undefined };
  const filmsFile = async (): Promise<string> => {
    const file = join(root, 'films.csv');
    const rows = tinyRows(60).map(([review, sentiment], row) => `film-${row % 12},"${review}",${sentiment}`);
    await writeFile(file, `film,review,sentiment\n${rows.join('\n')}\n`);
    return file;
  };

  test('is refused where the first reviews of its training part have one label', async () => {
    const dataFile = join(root, 'sorted.csv');
    await writeCsv(
      dataFile,
      [...tinyRows(80)].sort(([, a], [, b]) => (a < b ? -1 : 1)),
    );
    const limited = divideReviews(optionsWith({ ...divided, dataFile, maxTrainSamples: 10 }));
    await expect(limited).rejects.toMatchObject({
      code: 'ONE_CLASS',
      message: `${dataFile}: expected reviews of both labels, got only "negative" in 10 reviews`,
    });
    expect(
      (await divideReviews(optionsWith({ ...divided, dataFile, maxTrainSamples: 50 }))).train.reviews,
    ).toHaveLength(50);
  });

  test('has no part to hold out unless the user names one, which is refused', async () => {
    for (const specs of [TRAIN_OPTION_SPECS, BLEND_OPTION_SPECS, TUNE_OPTION_SPECS]) {
      const percentage = async (given: Record<string, unknown>): Promise<unknown> =>
        (await resolveOptions(specs, { searchSpace: 'space.yaml', ...given }, root))['validationSplitPercentage'];
      expect(await percentage({ trainFile })).toBe(5);
      expect(await percentage({ dataFile: trainFile })).toBeUndefined();
      expect(await percentage({ dataFile: trainFile, validationSplitPercentage: 7 })).toBe(7);
    }
    await expect(divideReviews(optionsWith({ trainFile: undefined, dataFile: trainFile }))).rejects.toMatchObject({
      code: 'INVALID_OPTION',
      message: expect.stringMatching(/^--validation-split-percentage: expected without --data-file/) as string,
    });
  });

  const tuningOptions = async (changes: Partial<TuneOptions>): Promise<TuneOptions> =>
    ({ ...optionsWith(divided), dataFile: await filmsFile(), ...changes }) as TuneOptions;

  test('is searched with the rows of one film on one side of every fold', async () => {
    const options = await tuningOptions({ groupColumn: 'film', folds: 3 });
    const films = new Map(tinyRows(60).map(([review], row) => [review, row % 12]));
    const filmsOf = async (file: string) => new Set((await readReviews(file)).map(({ text }) => films.get(text)));
    for (const part of await writeTuningParts(options, join(root, 'folds'))) {
      const trained = await filmsOf(part.trainFile);
      expect([...(await filmsOf(part.validationFile))].filter((film) => trained.has(film))).toEqual([]);
    }
  });

  test('is searched on as many of its training reviews as were asked for', async () => {
    const [part] = await writeTuningParts(await tuningOptions({ folds: 1, maxTrainSamples: 20 }), join(root, 'held'));
    expect(part?.trainRows).toBe(20);
    expect(await readReviews(part?.validationFile ?? '')).toHaveLength(6);
    const parts = await writeTuningParts(await tuningOptions({ folds: 2, maxTrainSamples: 20 }), join(root, 'two'));
    expect(parts.map(({ trainRows }) => trainRows)).toEqual([10, 10]);
  });
});
