import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { createRandom, readReviews, type SplitRecord } from '@marquee/dataset';
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

  test('is written down by row digest', async () => {
    const { train, validation, split } = await divideReviews(optionsWith({}));
    expect(split).toMatchObject({ seed: 42, source: { rows: 80 }, parts: { test: [] } });
    expect(split?.parts.train).toEqual(train.rowDigests);
    expect(split?.parts.validation).toEqual(validation?.rowDigests);
    const repeated = await divideReviews({
      ...optionsWith({ trainFile: undefined, dataFile: trainFile, validationSplitPercentage: undefined }),
      splitFile: await writeSplit(split),
      seed: 7,
    });
    expect([repeated.train.rowDigests, repeated.validation?.rowDigests, repeated.test]).toEqual([
      train.rowDigests,
      validation?.rowDigests,
      undefined,
    ]);
  });

  test('has all reviews of a film or none', async () => {
    const testFile = join(root, 'without films.csv');
    await writeCsv(testFile, tinyRows(10, 3));
    const { train, validation } = await divideReviews(
      optionsWith({ trainFile: await filmsFile(), testFile, groupColumn: 'film' }),
    );
    const held = filmsIn(validation?.reviews);
    expect(held.size).toBeGreaterThan(0);
    expect([...filmsIn(train.reviews)].filter((film) => held.has(film))).toEqual([]);
    expect(held.size + filmsIn(train.reviews).size).toBe(12);
  });

  test('and the others are without copies where these are to be dropped', async () => {
    const copied = join(root, 'copied.csv');
    await writeCsv(copied, [...PAIRS, ...PAIRS.slice(0, 10)]);
    const rowsOf = async (changes: Partial<DataOptions>): Promise<(number | undefined)[]> => {
      const { train, validation } = await divideReviews(optionsWith({ trainFile: copied, ...changes }));
      const digests = new Set([...train.rowDigests, ...(validation?.rowDigests ?? [])]);
      return [digests.size, train.reviews.length + (validation?.reviews.length ?? 0)];
    };
    expect(await rowsOf({})).toEqual([80, 90]);
    expect(await rowsOf({ dropDuplicates: true })).toEqual([80, 80]);
    expect(await rowsOf({ dropDuplicates: true, validationSplitPercentage: 0 })).toEqual([80, 80]);
  });

  test('may be nearly all reviews', async () => {
    const { train, validation } = await divideReviews(optionsWith({ validationSplitPercentage: 95 }));
    expect([train.reviews.length, validation?.reviews.length]).toEqual([4, 76]);
  });

  test('leaves no training reviews of one label where copies are dropped', async () => {
    const contradictory = join(root, 'contradictory.csv');
    await writeCsv(contradictory, [['the same film', 'positive'], ['another film', 'positive'], ['the same film', 'negative']]); // prettier-ignore
    const options = optionsWith({ trainFile: contradictory, validationFile: trainFile, dropDuplicates: true });
    await expect(divideReviews(options)).rejects.toMatchObject({ code: 'ONE_CLASS' });
  });

  test.each([
    [{ validationSplitPercentage: 0 }, 'expected with a part to hold out'],
    [{ groupColumn: 'sentiment' }, 'expected another column than that of the review and that of the label'],
  ])('has no groups by %o', async (changes, message) => {
    const options = optionsWith({ groupColumn: 'film', trainFile: await filmsFile(), ...changes });
    await expect(divideReviews(options)).rejects.toThrow(`--group-column: ${message}`);
  });

  test('has no review that a model has learned, nor one that is nearly equal to such a one', async () => {
    const { train, validation } = await divideReviews(optionsWith({}));
    const again = await divideReviews(optionsWith({ seed: 7 }), new Set(train.rowDigests));
    expect(again.validation?.rowDigests).toEqual(validation?.rowDigests);
    const [learned = ''] = validation?.rowDigests ?? [];
    const fewer = await divideReviews(optionsWith({ seed: 7 }), new Set([...train.rowDigests, learned]));
    expect(fewer.validation?.reviews).toHaveLength(14);
    const some = await divideReviews(optionsWith({ seed: 7 }), new Set(train.rowDigests.slice(0, 20)));
    expect(some.validation?.reviews).toHaveLength(16);
    expect(some.validation?.rowDigests.filter((digest) => train.rowDigests.slice(0, 20).includes(digest))).toEqual([]);
    const all = await divideReviews(optionsWith({}), new Set([...train.rowDigests, ...(validation?.rowDigests ?? [])]));
    expect(all.validation).toBeUndefined();
    expect(all.train.reviews).toHaveLength(80);
  });
});

async function writeSplit(split: SplitRecord | undefined): Promise<string> {
  const file = join(root, 'split.json');
  await writeFile(file, JSON.stringify(split));
  return file;
}

/** 60 reviews of 12 films. */
async function filmsFile(): Promise<string> {
  const file = join(root, 'films.csv');
  const rows = tinyRows(60).map(([review, sentiment], row) => `film-${row % 12},"${review}",${sentiment}`);
  await writeFile(file, `film,review,sentiment\n${rows.join('\n')}\n`);
  return file;
}
const FILMS = new Map(tinyRows(60).map(([review], row) => [review, row % 12]));
const filmsIn = (reviews: readonly { readonly text: string }[] = []) =>
  new Set(reviews.map(({ text }) => FILMS.get(text)));

describe('one file that is divided', () => {
  const divided = { trainFile: undefined, validationSplitPercentage: undefined };

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
    const filmsOf = async (file: string) => filmsIn(await readReviews(file));
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
