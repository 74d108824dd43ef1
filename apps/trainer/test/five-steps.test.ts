import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';

import { readReviews, rowDigest } from '@marquee/dataset';
import { beforeAll, describe, expect, test } from 'vitest';

import { runCli } from '../src/cli.js';
import { createProgress } from '../src/progress.js';
import { temporaryFolder } from './support/temporary-folder.js';
import { writeTinyModel } from './support/tiny-model.js';
import { type Row, tinyRows, writeCsv } from './support/tiny-reviews.js';

const TINY =
  '--per-device-train-batch-size 4 --max-seq-length 24 --learning-rate 2e-3 --num-train-epochs 2 --threads 1';
/** 38 positive and 42 negative. */
const ROWS: Row[] = tinyRows(80).map(([text, label], row) => [text, row < 4 ? 'negative' : label]);

let cwd: string;
beforeAll(async () => {
  cwd = await temporaryFolder();
  await writeTinyModel(join(cwd, 'base'));
  await writeCsv(join(cwd, 'reviews.csv'), ROWS);
});

/** Runs a command line in this process, from the temporary folder. */
async function run(line: string): Promise<{ stdout: string; stderr: string }> {
  let stdout = '';
  let stderr = '';
  const code = await runCli(line.split(' '), {
    cwd,
    shippedModel: join(cwd, 'base'),
    sampleFile: join(cwd, 'reviews.csv'),
    progress: createProgress({ write: (text) => (stderr += text) }),
    write: (text) => (stdout += text),
    stopRequested: () => false,
  });
  expect(code).toBe(0);
  return { stdout, stderr };
}

const json = async (...path: string[]): Promise<Record<string, unknown>> =>
  JSON.parse(await readFile(join(cwd, ...path), 'utf8')) as Record<string, unknown>;

const RESULTS = [
  'eda_visualizations.png',
  'evaluation_metrics.png',
  'evaluation_results.json',
  'report.html',
  'sample_predictions.json',
  'training_curves.png',
];

describe('a training on one file', () => {
  let stdout: string;
  let stderr: string;
  beforeAll(async () => {
    ({ stdout, stderr } = await run(`train --data-file reviews.csv --output-dir run ${TINY}`));
  });

  test('tells its five steps on stdout, and nothing else', () => {
    const figure = String.raw`[01]\.\d{4}`;
    const lines = [
      String.raw`\[STEP 1/5\] Data Loading and Exploration`,
      String.raw`Dataset shape: \(80, 2\)`,
      'Sentiment distribution:',
      'negative    42',
      'positive    38',
      '',
      String.raw`\[STEP 2/5\] Creating Visualizations`,
      'Visualizations saved to run/results/eda_visualizations.png',
      '',
      String.raw`\[STEP 3/5\] Data Preparation`,
      'Train size: 64',
      'Validation size: 8',
      'Test size: 8',
      '',
      String.raw`\[STEP 4/5\] Model Training`,
      `Training completed. Best F1: ${figure}`,
      '',
      String.raw`\[STEP 5/5\] Model Evaluation`,
      'Test Set Results:',
      ...['Accuracy', 'Precision', 'Recall', 'F1 Score', 'ROC AUC'].map((name) => `${name}: ${figure}`),
    ];
    expect(stdout).toMatch(new RegExp(`^${lines.map((line) => `${line}\n`).join('')}$`));
    expect(stderr).toContain('validation after step 16: accuracy');
  });

  test('leaves pictures, figures, samples and a report', async () => {
    expect((await readdir(join(cwd, 'run', 'results'))).sort()).toEqual(RESULTS);
  });

  test('prints the figures that it writes down', async () => {
    const figures = await json('run', 'results', 'evaluation_results.json');
    const manifest = await json('run', 'manifest.json');
    expect(stdout).toContain(`Accuracy: ${Number(figures['accuracy']).toFixed(4)}\n`);
    expect(stdout).toContain(`ROC AUC: ${Number(figures['roc_auc']).toFixed(4)}\n`);
    expect(figures).toMatchObject({ n: 8, model: { version: manifest['version'], graph: 'int8' } });
    expect(manifest).toMatchObject({ metrics: { test: { int8: { accuracy: figures['accuracy'] } } } });
  });

  test('samples predictions of the test part, with digests that find the reviews again', async () => {
    const samples = (await json('run', 'results', 'sample_predictions.json')) as Record<
      string,
      Record<string, unknown>[]
    >;
    expect(samples['nearest_one_half']).toHaveLength(8);
    const all = Object.values(samples).flat();
    expect(all.map(({ text }) => rowDigest(String(text)))).toEqual(all.map(({ row_digest }) => row_digest));
  });

  test('puts four pictures, the options and the effort into the report', async () => {
    const page = await readFile(join(cwd, 'run', 'results', 'report.html'), 'utf8');
    expect(page.match(/src="data:image\/png;base64,/g)).toHaveLength(4);
    expect(page).toContain('<tr><th scope="row">--num-train-epochs</th><td>2</td></tr>');
    expect(page).toMatch(/<th scope="row">tokens a second<\/th><td>[\d,]+<\/td>/);
    expect(page).toContain('<th scope="row">train</th><td>64</td>');
  });
});

test('a training without an output folder leaves its results where the user stands', async () => {
  const { stdout } = await run(`train --train-file reviews.csv --validation-split-percentage 0 ${TINY}`);
  expect(stdout).toContain('Visualizations saved to results/eda_visualizations.png\n');
  expect(stdout).toContain('Validation size: 0\nTest size: 0\n');
  expect(stdout).toMatch(/Training completed\.\n\n\[STEP 5\/5\] Model Evaluation\n$/);
  const written = RESULTS.filter((name) => !/evaluation|sample/.test(name));
  expect((await readdir(join(cwd, 'results'))).sort()).toEqual(written);
});

test('a training on given parts without a test file is judged on validation', async () => {
  await writeCsv(join(cwd, 'validation.csv'), tinyRows(12, 9));
  const { stdout } = await run(
    `train --train-file reviews.csv --validation-file validation.csv --output-dir given ${TINY}`,
  );
  expect(stdout).toContain('Dataset shape: (92, 2)\n');
  expect(stdout).toContain('Train size: 80\nValidation size: 12\nTest size: 0\n');
  expect(stdout).toMatch(/Validation Set Results:\nAccuracy: /);
});

describe('the folder of a training, and its results', () => {
  const others = [
    'evaluate --model run --test-file reviews.csv',
    'explore --data-file reviews.csv',
    'split --data-file reviews.csv',
  ];
  test.each(others)('are refused by %s', async (line) => {
    const before = await json('run', 'run.json');
    for (const dir of ['run', 'run/results']) {
      await expect(run(`${line} --output-dir ${dir}`)).rejects.toMatchObject({
        code: 'OUTPUT_NOT_EMPTY',
        message:
          `${join(cwd, dir)}: expected a folder of its own for ${line.split(' ')[0]}, but ` +
          `${join(cwd, 'run', 'run.json')} is of train, whose results would be replaced; name another --output-dir`,
      });
    }
    expect(await json('run', 'run.json')).toEqual(before);
    expect(await readdir(join(cwd, 'run', 'results'))).toHaveLength(RESULTS.length);
  });

  test('are left alone by an evaluation in a folder of its own, which may be repeated there', async () => {
    for (let time = 0; time < 2; time++)
      await run('evaluate --model run --test-file reviews.csv --output-dir judged/results');
    expect(await json('judged', 'results', 'run.json')).toMatchObject({ command: 'evaluate', status: 'finished' });
  });
});

describe('explore', () => {
  test('reports on several files and finds what they share, without training', async () => {
    await writeCsv(join(cwd, 'more.csv'), [...tinyRows(10, 4), ...ROWS.slice(0, 3)]);
    const { stderr } = await run('explore --train-file reviews.csv --test-file more.csv --output-dir looked');
    expect((await readdir(join(cwd, 'looked'))).sort()).toEqual([
      'data_report.json',
      'eda_visualizations.png',
      'report.html',
    ]);
    expect(await json('looked', 'data_report.json')).toMatchObject({
      parts: { train: { rows: 80 }, test: { rows: 13 } },
      overlaps: [{ parts: ['train', 'test'], equal: 3 }],
    });
    expect(await readFile(join(cwd, 'looked', 'report.html'), 'utf8')).toContain(
      '<th scope="row">train and test</th><td>3</td><td>3</td>',
    );
    expect(stderr).toMatch(
      /^train: 80 reviews in reviews\.csv\ntest: 13 reviews in more\.csv\n[^]*train and test share/,
    );
  });

  test('counts tokens once for itself and for a training after it', async () => {
    // A table that is written again is another file of the same name.
    const cached = async (): Promise<{ name: string; inode: number }[]> => {
      const names = await readdir(join(cwd, 'tokens'));
      return Promise.all(names.map(async (name) => ({ name, inode: (await stat(join(cwd, 'tokens', name))).ino })));
    };
    await run('explore --data-file reviews.csv --output-dir counted --max-seq-length 24 --token-cache-dir tokens');
    const tables = await cached();
    expect(tables).toHaveLength(1);
    await run('explore --data-file reviews.csv --output-dir counted --max-seq-length 24 --token-cache-dir tokens');
    expect(await cached()).toEqual(tables);
    await run(`train --data-file reviews.csv --output-dir counted-trained --token-cache-dir tokens ${TINY}`);
    expect(await cached()).toEqual(tables);
    await run('explore --data-file reviews.csv --output-dir uncached --max-seq-length 24');
    const [counted, uncached] = await Promise.all(
      ['counted', 'uncached'].map((dir) => readFile(join(cwd, dir, 'data_report.json'), 'utf8')),
    );
    expect(counted).toBe(uncached);
  });

  test('counts reviews without text by line, where split refuses them', async () => {
    await writeCsv(join(cwd, 'gaps.csv'), [
      ...tinyRows(8),
      ['', 'positive'],
      ['<br /> ', 'negative'],
      ...tinyRows(2, 3),
    ]);
    const { stderr } = await run('explore --data-file gaps.csv --output-dir gaps');
    const lines = (await readReviews(join(cwd, 'gaps.csv'), { keepEmpty: true })).slice(8, 10).map(({ line }) => line);
    expect(await json('gaps', 'data_report.json')).toMatchObject({
      parts: { data: { rows: 12, empty: { rows: 2, lines }, withoutWords: 2 } },
    });
    expect(stderr).toContain('data: 2 reviews without text, which a training refuses\n');
    expect(await readFile(join(cwd, 'gaps', 'report.html'), 'utf8')).toContain('<th scope="col">no text</th>');
    await expect(run('split --data-file gaps.csv --output-dir gaps-split')).rejects.toMatchObject({
      code: 'EMPTY_REVIEW',
      line: lines[0],
    });
  });

  test('asks for a file', async () => {
    await expect(run('explore')).rejects.toMatchObject({
      code: 'INVALID_OPTION',
      message: '--data-file: expected this or another file of reviews, got none',
    });
  });
});
