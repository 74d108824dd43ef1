import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { beforeAll, describe, expect, test } from 'vitest';

import type { TrainOptions } from '../src/train-options.js';
import { temporaryFolder } from './support/temporary-folder.js';
import { TINY_CONFIG, tinyWeights, tokenId, writeTinyModel } from './support/tiny-model.js';
import { type Row, tinyRows, toCsv, writeCsv } from './support/tiny-reviews.js';
import { observe, tinyOptions, train } from './support/tiny-training.js';

let root: string;
let required: { trainFile: string; modelNameOrPath: string; outputDir: string };
beforeAll(async () => {
  root = await temporaryFolder();
  const modelNameOrPath = await writeTinyModel(join(root, 'base'));
  required = { trainFile: join(root, 'train.csv'), modelNameOrPath, outputDir: join(root, 'run') };
  await writeCsv(required.trainFile, tinyRows(20));
});

/** Expects a refusal before the first step and before anything is written. */
async function expectRefusal(changes: Partial<TrainOptions>, code: string, message: string): Promise<void> {
  let steps = 0;
  const options = tinyOptions(required, changes);
  const error: unknown = await train(
    options,
    observe(() => (steps += 1)),
  ).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code });
  expect((error as Error).message).toContain(message);
  expect(steps).toBe(0);
  expect(existsSync(required.outputDir)).toBe(false);
}

async function fileOf(name: string, contents: string | Uint8Array): Promise<string> {
  const path = join(root, name);
  await writeFile(path, contents);
  return path;
}

describe('a data file with a flaw is refused with file, line and expectation, before any step', () => {
  const good = tinyRows(6);
  const afterGood = (record: string): string =>
    toCsv(good.map(([text, label]): Row => [text.replaceAll('\n', ' '), label])) + record;
  const flaws: Record<string, { contents: string | Uint8Array; code: string; message: string }> = {
    'a missing column': {
      contents: 'text,sentiment\na,positive\n',
      code: 'MISSING_COLUMN',
      message: ' line 1: expected a column named "review", found "text"',
    },
    'an unknown label': {
      contents: afterGood('"two\nlines",postive\n'),
      code: 'UNKNOWN_LABEL',
      message: ' line 8: sentiment must be "negative" or "positive", got "postive"',
    },
    'an empty review': {
      contents: afterGood('"  <br /> ",positive\n'),
      code: 'EMPTY_REVIEW',
      message: ' line 8: review must hold text',
    },
    'an unclosed quote': {
      contents: afterGood('"never closed,positive\n'),
      code: 'UNCLOSED_QUOTE',
      message: ' line 8: ',
    },
    'one class': {
      contents: 'review,sentiment\na,positive\nb,positive\n',
      code: 'ONE_CLASS',
      message: ': expected reviews of both labels, got only "positive" in 2 reviews',
    },
    'not UTF-8': {
      contents: Buffer.from('review,sentiment\nfilm caf\xe9,positive\n', 'latin1'),
      code: 'NOT_UTF8',
      message: '',
    },
    'no review': {
      contents: 'review,sentiment\n',
      code: 'EMPTY_FILE',
      message: ': expected a header and at least one review',
    },
  };
  test.each(Object.entries(flaws))('%s', async (name, { contents, code, message }) => {
    const file = await fileOf(`${name}.csv`, contents);
    await expectRefusal({ trainFile: file }, code, `${file}${message}`);
  });

  test('a missing file, whichever of the three it is', async () => {
    const missing = join(root, 'nowhere.csv');
    for (const option of ['trainFile', 'validationFile', 'testFile'] as const) {
      await expectRefusal({ [option]: missing }, 'FILE_NOT_FOUND', missing);
    }
  });

  test('a flaw of the test file is found before the training, too', async () => {
    const testFile = await fileOf('flawed-test.csv', afterGood('x,neither\n'));
    await expectRefusal({ testFile }, 'UNKNOWN_LABEL', `${testFile} line 8`);
  });
});

describe('an output folder that cannot be meant is refused', () => {
  const inFolder = async (name: string): Promise<string> => {
    const outputDir = join(root, name);
    await mkdir(outputDir, { recursive: true });
    await writeFile(join(outputDir, 'notes.txt'), 'mine');
    return outputDir;
  };

  test('one that holds something, with the two ways into it', async () => {
    const outputDir = await inFolder('occupied');
    const ways = '--overwrite-output-dir removes what an earlier run wrote, --resume-from-checkpoint goes on';
    await expectRefusal(
      { outputDir },
      'OUTPUT_NOT_EMPTY',
      `${outputDir}: expected an empty folder, it holds 1 entry; ${ways}`,
    );
  });

  test('a file, and the folder of the starting model', async () => {
    await expectRefusal(
      { outputDir: required.trainFile },
      'INVALID_OPTION',
      `--output-dir: expected a folder, got the file`,
    );
    const outputDir = required.modelNameOrPath;
    await expectRefusal(
      { outputDir, overwriteOutputDir: true },
      'INVALID_OPTION',
      'another folder than that of a model it is made from',
    );
  });

  test('overwriting removes an earlier run and nothing else', async () => {
    const outputDir = await inFolder('overwritten');
    const options = tinyOptions({ ...required, outputDir }, { overwriteOutputDir: true, numTrainEpochs: 2 });
    await train(options);
    expect(existsSync(join(outputDir, 'checkpoint-8'))).toBe(true);
    await train({ ...options, numTrainEpochs: 1 });
    expect(existsSync(join(outputDir, 'checkpoint-8'))).toBe(false);
    expect(await readFile(join(outputDir, 'notes.txt'), 'utf8')).toBe('mine');
  });

  test('overwriting the run that is to be resumed', async () => {
    const outputDir = join(root, 'overwritten');
    const changes = { outputDir, overwriteOutputDir: true, resumeFromCheckpoint: true } as const;
    await expectRefusal(changes, 'INVALID_OPTION', '--overwrite-output-dir: would remove');
    expect(existsSync(join(outputDir, 'checkpoint-4'))).toBe(true);
  });
});

describe('a starting model that cannot be trained is refused', () => {
  test('a missing folder and a missing file', async () => {
    const modelNameOrPath = join(root, 'no-model');
    await expectRefusal(
      { modelNameOrPath },
      'INVALID_MODEL',
      `${modelNameOrPath}: expected a model folder with config.json`,
    );
  });

  test('a tokenizer of another vocabulary, which serving would refuse after the training', async () => {
    const modelNameOrPath = await writeTinyModel(join(root, 'other-vocabulary'), {
      tokens: ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]', 'film'],
    });
    await expectRefusal(
      { modelNameOrPath },
      'INVALID_MODEL',
      `expected the ${TINY_CONFIG.vocab_size} tokens of config.json's vocab_size in tokenizer.json, found 6`,
    );
  });

  test('lengths past the positions of the model', async () => {
    await expectRefusal(
      { maxSeqLength: 49 },
      'INVALID_OPTION',
      "--max-seq-length: expected at most the model's 48 positions, got 49",
    );
    await expectRefusal(
      { modelMaxLength: 49 },
      'INVALID_OPTION',
      "--model-max-length: expected at most the model's 48 positions, got 49",
    );
  });

  test('one whose head is for other labels is none of these: the head starts anew', async () => {
    const labels = { id2label: { 0: 'LABEL_0', 1: 'LABEL_1', 2: 'LABEL_2' } };
    const head = { shape: [3, 16], data: new Float32Array(48).fill(1) };
    const weights = new Map([...tinyWeights(), ['classifier.weight', head] as const]);
    const modelNameOrPath = await writeTinyModel(join(root, 'three-labels'), { config: labels, weights });
    const outputDir = join(root, 'from-three-labels');
    await train(tinyOptions({ ...required, modelNameOrPath, outputDir }));
    const plainDir = join(root, 'from-no-labels');
    await train(tinyOptions({ ...required, outputDir: plainDir }));
    const [from, plain] = await Promise.all(
      [outputDir, plainDir].map((dir) => readFile(join(dir, 'model.safetensors'))),
    );
    expect(from).toEqual(plain);
    expect(JSON.parse(await readFile(join(outputDir, 'config.json'), 'utf8'))).toMatchObject({
      id2label: { 0: 'negative', 1: 'positive' },
    });
  });
});

describe('a loss that is not finite', () => {
  test('stops with the step and the lines of its reviews', async () => {
    const rows = tinyRows(20).map(([text, label]): Row => [text.replaceAll('\n', ' '), label]);
    rows[10] = ['the cursed film', 'negative']; // line 12 of the file
    const trainFile = join(root, 'cursed.csv');
    await writeCsv(trainFile, rows);
    const weights = tinyWeights();
    weights
      .get('distilbert.embeddings.word_embeddings.weight')
      ?.data.fill(Infinity, 16 * tokenId('cursed'), 16 * tokenId('cursed') + 1);
    const modelNameOrPath = await writeTinyModel(join(root, 'cursed'), { weights });
    const options = tinyOptions(
      { trainFile, modelNameOrPath, outputDir: join(root, 'cursed-run') },
      { validationSplitPercentage: 0 },
    );
    let steps = 0;
    const error = (await train(
      options,
      observe(({ step }) => (steps = step)),
    ).catch((thrown: unknown) => thrown)) as Error;
    expect(error).toMatchObject({ code: 'NON_FINITE_LOSS' });
    expect(error.message).toMatch(new RegExp(`^step ${steps + 1}: expected a finite loss, got (NaN|-?Infinity)`));
    expect(error.message).toMatch(/on the reviews of .*cursed\.csv that start in lines (\d+, )*12(, \d+)*;/);
    expect(error.message).not.toContain('the cursed film');
  });
});
