import { readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { loadClassifier } from '@marquee/model-core';
import { beforeAll, describe, expect, test } from 'vitest';

import { runScoring, type ScoreOptions } from '../src/score.js';
import { temporaryFolder } from './support/temporary-folder.js';
import { writeTinyModel } from './support/tiny-model.js';
import { tinyRows, toCsv, writeCsv } from './support/tiny-reviews.js';
import { observe, tinyOptions, train } from './support/tiny-training.js';

let root: string;
let options: ScoreOptions;
beforeAll(async () => {
  root = await temporaryFolder();
  const trainFile = join(root, 'train.csv');
  await writeCsv(trainFile, tinyRows(40));
  const modelNameOrPath = await writeTinyModel(join(root, 'base'));
  const model = join(root, 'model');
  await train(tinyOptions({ trainFile, modelNameOrPath, outputDir: model }, { learningRate: 1e-2 }));
  options = {
    model,
    dataFile: trainFile,
    outputFile: join(root, 'predictions.csv'),
    graph: 'auto',
    textColumnName: 'review',
    labelColumnName: undefined,
    threads: 1,
  };
});

async function score(changes: Partial<ScoreOptions>, stopAfter = Infinity): Promise<string[]> {
  const { lines, progress } = observe();
  let asked = 0;
  await runScoring({ ...options, ...changes }, { progress, stopRequested: () => asked++ >= stopAfter });
  return lines;
}

const linesOf = async (path: string): Promise<string[]> => (await readFile(path, 'utf8')).trimEnd().split('\n');

describe('score', () => {
  test('writes a row for each row, with what the library answers', async () => {
    const outputFile = join(root, 'p.jsonl');
    await score({ outputFile });
    const rows = (await linesOf(outputFile)).map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(rows.map(({ row }) => row)).toEqual(Array.from({ length: 40 }, (_, index) => index + 1));
    const classifier = await loadClassifier(options.model, { device: 'cpu', intraOpThreads: 1 });
    const [answer] = await classifier.predict([tinyRows(40)[7]?.[0] ?? '']);
    await classifier.close();
    const { sentiment, confidence, probabilities, tokenCount, truncated } = answer ?? {};
    expect(rows[7]).toEqual({ row: 8, line: 9, sentiment, confidence, ...probabilities, token_count: tokenCount, truncated }); // prettier-ignore
  });

  test('writes CSV with the same values', async () => {
    const outputFile = join(root, 'p.csv');
    await score({ outputFile });
    const [head, first] = await linesOf(outputFile);
    expect(head).toBe('row,line,sentiment,confidence,negative,positive,token_count,truncated');
    expect(first).toMatch(/^1,2,(negative|positive),0\.\d+,0\.\d+,0\.\d+,\d+,(true|false)$/);
    expect(await linesOf(outputFile)).toHaveLength(41);
  });

  test('says the accuracy where a label column is named', async () => {
    const lines = await score({ labelColumnName: 'sentiment' });
    expect(lines).toContainEqual(expect.stringMatching(/^accuracy \d+\.\d\d %: \d+ of 40 predictions are the label$/));
  });

  test('keeps a row without text, and says so', async () => {
    const dataFile = join(root, 'empty.csv');
    await writeFile(dataFile, 'id,review\n1,"a superb film"\n2,"  "\n3,"a dull film"\n');
    const outputFile = join(root, 'empty-scored.csv');
    expect(await score({ dataFile, outputFile })).toContain('1 of them hold no text: their predictions mean nothing');
    expect(await linesOf(outputFile)).toHaveLength(4);
  });

  test.each(['csv', 'jsonl'])('answers every row of a %s that is read in several blocks', async (format) => {
    const filler = ' the film'.repeat(120);
    const rows = tinyRows(2500).map(([text, label]) => [text + filler, label] as const);
    const dataFile = join(root, `large.${format}`);
    const jsonl = rows.map(([review]) => `${JSON.stringify({ review })}\n`).join('');
    await writeFile(dataFile, format === 'csv' ? toCsv(rows) : jsonl);
    const outputFile = join(root, 'large-scored.jsonl');
    await score({ dataFile, outputFile });
    const scored = (await linesOf(outputFile)).map((line) => JSON.parse(line) as { row: number; token_count: number });
    expect(scored.map(({ row }) => row)).toEqual(rows.map((_, index) => index + 1));
    expect(scored.every(({ token_count: count }) => count > 240)).toBe(true);
  });

  test('leaves no half of a file when it is stopped or meets a flaw', async () => {
    const outputFile = join(root, 'stopped.csv');
    await expect(score({ outputFile }, 5)).rejects.toMatchObject({ code: 'INTERRUPTED' });
    await expect(score({ outputFile, labelColumnName: 'review' })).rejects.toMatchObject({
      code: 'UNKNOWN_LABEL',
      line: 2,
      message: expect.stringMatching(/review must be "negative" or "positive", got another text of \d+ characters$/),
    });
    expect((await readdir(root)).filter((name) => name.startsWith('stopped'))).toEqual([]);
  });

  test('refuses to replace the reviews by what it says of them', async () => {
    const link = join(root, 'link.csv');
    await symlink(options.dataFile, link);
    for (const outputFile of [options.dataFile, link]) {
      await expect(score({ outputFile })).rejects.toMatchObject({
        code: 'INVALID_OPTION',
        message: `--output-file: expected another file than --data-file, got ${outputFile}`,
      });
    }
    expect(await readFile(options.dataFile, 'utf8')).toBe(toCsv(tinyRows(40)));
  });

  test('refuses a name whose format it does not know', async () => {
    await expect(score({ outputFile: join(root, 'p.parquet') })).rejects.toMatchObject({ code: 'INVALID_OPTION' });
  });
});
