import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { type DataReport, fileDigest, readReviews, rowDigest, type SplitRecord } from '@marquee/dataset';
import { beforeAll, describe, expect, test } from 'vitest';

import { loadCheckpoint } from '../src/checkpoint.js';
import { runSplit } from '../src/split-command.js';
import type { TrainOptions } from '../src/train-options.js';
import { temporaryFolder } from './support/temporary-folder.js';
import { writeTinyModel } from './support/tiny-model.js';
import { type Row, tinyRows, toCsv } from './support/tiny-reviews.js';
import { observe, tinyOptions, train, trainAndStop, weightsOf } from './support/tiny-training.js';

// 100 reviews, of which the last ten say what the first ten say.
const ROWS: readonly Row[] = [...tinyRows(90), ...tinyRows(10)];

let root: string;
let dataFile: string;
let modelNameOrPath: string;
beforeAll(async () => {
  root = await temporaryFolder();
  dataFile = join(root, 'reviews.csv');
  await writeFile(dataFile, toCsv(ROWS));
  modelNameOrPath = await writeTinyModel(join(root, 'base'));
});

const optionsIn = (name: string, changes: Partial<TrainOptions> = {}): TrainOptions => {
  const required = { trainFile: undefined, modelNameOrPath, outputDir: join(root, name) };
  return tinyOptions(required, { dataFile, ...changes });
};
const readJson = async (...path: string[]): Promise<unknown> => JSON.parse(await readFile(join(root, ...path), 'utf8'));
const splitOf = async (name: string): Promise<SplitRecord> => (await readJson(name, 'split.json')) as SplitRecord;
const sizesOf = ({ parts }: SplitRecord): number[] => Object.values(parts).map((digests) => digests.length);

describe('training on one data file', () => {
  test('divides it into 80, 10 and 10 per cent, copies together, and writes the split down', async () => {
    const watched = observe();
    const result = await train(optionsIn('whole'), watched);
    expect(watched.lines).toContain('80 training, 10 validation, 10 test reviews, 20 steps');
    expect(watched.lines).toContain('data: 10 surplus copies of equal reviews');
    const split = await splitOf('whole');
    expect(split).toMatchObject({
      formatVersion: 1,
      seed: 42,
      source: { rows: 100, sha256: await fileDigest(dataFile) },
    });
    expect(sizesOf(split)).toEqual([80, 10, 10]);
    const written = Object.values(split.parts).flat().sort();
    expect(written).toEqual(ROWS.map(([review]) => rowDigest(review)).sort());
    const { train: learned, validation, test: asked } = split.parts;
    expect(learned.filter((digest) => validation.includes(digest) || asked.includes(digest))).toEqual([]);

    const { training, metrics } = 'manifest' in result ? result.manifest : {};
    expect(Object.keys(metrics ?? {})).toEqual(['validation', 'test']);
    const sha256 = await fileDigest(dataFile);
    const rowsSha256 = expect.stringMatching(/^[0-9a-f]{64}$/) as unknown;
    expect(training?.['data']).toEqual({
      train: { sha256, rows: 80, rowsSha256 },
      validation: { sha256, rows: 10, rowsSha256 },
      test: { sha256, rows: 10, rowsSha256 },
    });
    const report = (await readJson('whole', 'data_report.json')) as DataReport;
    expect(report.parts['data']).toMatchObject({ rows: 100, copies: { identical: { surplus: 10 } } });
    expect(report.parts['data']?.lengths.tokens?.most).toBeGreaterThan(24);
  });

  test('is repeated to the same bytes by the seed, and by the split file under another seed of the split', async () => {
    await train(optionsIn('again'));
    expect(await splitOf('again')).toEqual(await splitOf('whole'));
    expect(await weightsOf(join(root, 'again'))).toEqual(await weightsOf(join(root, 'whole')));

    const splitFile = join(root, 'other-split.json');
    await runSplit({ ...optionsIn('split-7'), dataFile, seed: 7, writeParts: false }, observe().progress);
    await writeFile(splitFile, await readFile(join(root, 'split-7', 'split.json')));
    expect(await readJson('other-split.json')).not.toMatchObject({ parts: (await splitOf('whole')).parts });
    await train(optionsIn('from-file', { splitFile }));
    await train(optionsIn('from-file-again', { splitFile }));
    expect(await splitOf('from-file')).toEqual(await readJson('other-split.json'));
    expect(await weightsOf(join(root, 'from-file-again'))).toEqual(await weightsOf(join(root, 'from-file')));
    expect(await weightsOf(join(root, 'from-file'))).not.toEqual(await weightsOf(join(root, 'whole')));
  });

  test('drops surplus copies on request alone', async () => {
    await runSplit({ ...optionsIn('dropped'), dataFile, dropDuplicates: true, writeParts: false }, observe().progress);
    const split = await splitOf('dropped');
    expect(sizesOf(split)).toEqual([72, 9, 9]);
    const digests = Object.values(split.parts).flat();
    expect(new Set(digests).size).toBe(90);
    await expect(
      train(optionsIn('mismatch', { splitFile: join(root, 'dropped', 'split.json') })),
    ).rejects.toMatchObject({
      code: 'SPLIT_MISMATCH',
    });
  });

  test('keeps the rows of one value of the group column in one part', async () => {
    const file = join(root, 'films.csv');
    const films = ROWS.slice(0, 90).map(([review, sentiment], index) => `${index % 30},"${review}",${sentiment}`);
    await writeFile(file, `film,review,sentiment\n${films.join('\n')}\n`);
    await runSplit(
      { ...optionsIn('films'), dataFile: file, groupColumn: 'film', writeParts: false },
      observe().progress,
    );
    const split = await splitOf('films');
    const partOf = new Map(
      Object.entries(split.parts).flatMap(([part, digests]) => digests.map((digest) => [digest, part] as const)),
    );
    const partsOfFilm = Array.from({ length: 30 }, (_, film) => {
      const rows = [film, film + 30, film + 60].map((row) => ROWS[row]?.[0] ?? '');
      return new Set(rows.map((review) => partOf.get(rowDigest(review)))).size;
    });
    expect(partsOfFilm).toEqual(Array<number>(30).fill(1));
    expect(sizesOf(split)).toEqual([72, 9, 9]);
  });

  test("is written as three files, which replace nobody's", async () => {
    const split = (name: string): Promise<void> =>
      runSplit({ ...optionsIn(name), dataFile, writeParts: true }, observe().progress);
    await split('parts');
    for (const [part, digests] of Object.entries((await splitOf('parts')).parts)) {
      const reviews = await readReviews(join(root, 'parts', `${part}.csv`));
      expect(reviews.map(({ text }) => rowDigest(text))).toEqual(digests);
      for (const { text, label } of reviews) expect(ROWS).toContainEqual([text, label === 1 ? 'positive' : 'negative']);
    }
    await mkdir(join(root, 'taken'));
    await writeFile(join(root, 'taken', 'validation.csv'), 'mine');
    await expect(split('taken')).rejects.toMatchObject({
      code: 'OUTPUT_NOT_EMPTY',
      message: expect.stringContaining(join('taken', 'validation.csv')) as unknown,
    });
    expect(await readdir(join(root, 'taken'))).toEqual(['validation.csv']);
  });

  test('resumes with the same split and refuses another', async () => {
    await trainAndStop(optionsIn('broken'), 5);
    await expect(
      train(optionsIn('broken', { resumeFromCheckpoint: true, dropDuplicates: true })),
    ).rejects.toMatchObject({
      code: 'INVALID_CHECKPOINT',
    });
    await train(optionsIn('broken', { resumeFromCheckpoint: true }));
    expect(await weightsOf(join(root, 'broken'))).toEqual(await weightsOf(join(root, 'whole')));
  });

  test('takes ids from the token cache and ends with the same bytes', async () => {
    const tokenCacheDir = join(root, 'tokens');
    for (const name of ['cold', 'warm']) await train(optionsIn(name, { tokenCacheDir }));
    for (const name of ['cold', 'warm']) {
      expect(await weightsOf(join(root, name))).toEqual(await weightsOf(join(root, 'whole')));
    }
  });

  const conflicts: Record<string, { changes: Partial<TrainOptions>; message: string }> = {
    'a training file beside it': {
      changes: { trainFile: 'x.csv' },
      message: '--train-file: expected without --data-file',
    },
    'a validation file beside it': {
      changes: { validationFile: 'x.csv' },
      message: '--validation-file: expected without',
    },
    'a part to hold out beside it': {
      changes: { validationSplitPercentage: 20 },
      message: '--validation-split-percentage: expected without --data-file',
    },
    'a test file beside it': { changes: { testFile: 'x.csv' }, message: '--test-file: expected without' },
    'no file at all': {
      changes: { dataFile: undefined },
      message: '--data-file: expected this or --train-file, got neither',
    },
    'a group column where nothing is divided': {
      changes: { dataFile: undefined, trainFile: 'x.csv', validationFile: 'y.csv', groupColumn: 'film' },
      message: '--group-column: expected without --validation-file',
    },
    'a split file without it': {
      changes: { dataFile: undefined, trainFile: 'x.csv', splitFile: 'split.json' },
      message: '--split-file: expected together with --data-file',
    },
  };
  test.each(Object.entries(conflicts))('refuses %s', async (name, { changes, message }) => {
    const error: unknown = await train(optionsIn(`refused ${name}`, changes)).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'INVALID_OPTION' });
    expect((error as Error).message).toContain(message);
  });

  test('names a split file that is missing or none', async () => {
    const missing = optionsIn('no-split', { splitFile: join(root, 'nowhere.json') });
    await expect(train(missing)).rejects.toMatchObject({ code: 'FILE_NOT_FOUND', file: join(root, 'nowhere.json') });
    await expect(train({ ...missing, splitFile: dataFile })).rejects.toMatchObject({ code: 'INVALID_SPLIT' });
  });
});

describe('training on given files', () => {
  test('keeps the fingerprint of runs that were made before data could be divided', async () => {
    const trainFile = join(root, 'reviews.csv');
    const checkpoint = await trainAndStop(optionsIn('given', { dataFile: undefined, trainFile }), 1);
    const { run } = await loadCheckpoint(checkpoint);
    for (const name of ['dataFile', 'groupColumn', 'dropDuplicates', 'splitFile', 'tokenCacheDir']) {
      expect(run.options).not.toHaveProperty(name);
    }
  });

  test('reports the reviews that two of them share', async () => {
    const [trainFile, testFile] = [join(root, 'train.csv'), join(root, 'test.csv')];
    await writeFile(trainFile, toCsv(tinyRows(40)));
    await writeFile(testFile, toCsv(tinyRows(44).slice(38)));
    const watched = observe();
    await train(optionsIn('shared', { dataFile: undefined, trainFile, testFile }), watched);
    expect(watched.lines).toContain('train and test share 2 reviews, 2 of them equal');
    const report = (await readJson('shared', 'data_report.json')) as DataReport;
    expect(report.overlaps).toMatchObject([{ parts: ['train', 'test'], identical: 2 }]);
  });
});
