import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { fileDigest, rowDigest } from '@marquee/dataset';
import { importLanguageModel, parseConfig } from '@marquee/distilbert';
import { loadClassifier, readManifest } from '@marquee/model-core';
import { decodeSafetensors } from '@marquee/safetensors';
import { beforeAll, describe, expect, test } from 'vitest';

import { loadCheckpoint } from '../src/checkpoint.js';
import { runPretraining } from '../src/pretrain.js';
import { decisivePretrainOptions, PRETRAIN_OPTION_SPECS, type PretrainOptions } from '../src/pretrain-options.js';
import { readSeenRows } from '../src/seen-rows.js';
import { languageModel, loadStartingModel } from '../src/starting-model.js';
import { readRunRecord } from '../src/tracking/run-record.js';
import { startMain } from './support/child.js';
import { temporaryFolder } from './support/temporary-folder.js';
import { writeTinyModel } from './support/tiny-model.js';
import { NEUTRAL_WORDS, tinyRows, writeCsv } from './support/tiny-reviews.js';
import { logOf, observe, tinyOptions, train, weightsOf } from './support/tiny-training.js';

const UNLABELED = tinyRows(60, 1).map(([text]) => text);
const LABELED = tinyRows(40, 2);

let root: string;
let required: Pick<PretrainOptions, 'trainFile' | 'modelNameOrPath'>;
beforeAll(async () => {
  root = await temporaryFolder();
  required = {
    trainFile: [join(root, 'unlabeled.csv'), join(root, 'labeled.csv')],
    modelNameOrPath: await writeTinyModel(join(root, 'base')),
  };
  await writeFile(join(root, 'unlabeled.csv'), ['review', ...UNLABELED.map((text) => `"${text}"`)].join('\n'));
  await writeCsv(join(root, 'labeled.csv'), LABELED);
});

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

/** Sequences of 24 tokens, 4 a batch. */
function optionsIn(name: string, changes: Partial<PretrainOptions> = {}): PretrainOptions {
  const defaults = Object.fromEntries(
    Object.entries(PRETRAIN_OPTION_SPECS).map(([option, { fallback }]) => [option, fallback]),
  );
  const tiny = { maxSeqLength: 24, perDeviceTrainBatchSize: 4, validationSplitPercentage: 20, learningRate: 2e-3 };
  const often = { maxTrainTokens: 1920, evalSteps: 8, saveSteps: 3, threads: 1 };
  return {
    ...defaults,
    ...tiny,
    ...often,
    ...required,
    outputDir: join(root, name),
    ...changes,
  } as unknown as PretrainOptions;
}

const pretrain = (options: PretrainOptions, { progress } = observe()) =>
  runPretraining(options, { progress, stopRequested: () => false });

async function pretrainAndStop(options: PretrainOptions, stopAfter: number): Promise<void> {
  let done = 0;
  const { progress } = observe(({ step }) => (done = step));
  const result = await runPretraining(options, { progress, stopRequested: () => done >= stopAfter });
  expect(result).toEqual({ stoppedAt: join(options.outputDir, `checkpoint-${stopAfter}`) });
}

describe('a pretraining', () => {
  let lines: string[];
  beforeAll(async () => {
    const observed = observe();
    await pretrain(optionsIn('whole'), observed);
    lines = observed.lines;
  });

  test('says what it starts from, and measures held-out text each --eval-steps and at the end', async () => {
    expect(lines[0]).toMatch(/^80 texts in \d+ sequences of 24 tokens, 20 held out, 21 steps$/);
    expect(lines[1]).toBe(`starting from ${required.modelNameOrPath} with a new head, drawn from seed 42`);
    const evaluations = (await logOf(join(root, 'whole'))).filter((entry) => 'eval_loss' in entry);
    expect(evaluations.map(({ step }) => step)).toEqual([8, 16, 21]);
    for (const { eval_loss: loss, eval_perplexity: perplexity } of evaluations)
      expect(perplexity).toBe(Math.exp(Number(loss)));
    expect(Number(evaluations.at(-1)?.['eval_loss'])).toBeLessThan(Number(evaluations[0]?.['eval_loss']));
  });

  test('learns to read a word off the others of its text', async () => {
    // Each text is one of twelve words, over and over: by frequency alone a word is told with a loss of ln 12 or more.
    const texts = Array.from({ length: 120 }, (_, i) =>
      Array(23 + (i % 7))
        .fill(NEUTRAL_WORDS[i % 12])
        .join(' '),
    );
    const file = join(root, 'repeated.csv');
    await writeFile(file, ['review', ...texts].join('\n'));
    const changes = { maxTrainTokens: 24_000, evalSteps: 1000, learningRate: 1e-2, dropout: 0, maxEvalSamples: 24 };
    const options = optionsIn('repeated', { trainFile: [file], validationFile: [file], ...changes });
    await pretrain(options);
    const measured = (await logOf(options.outputDir)).filter((entry) => 'eval_loss' in entry);
    expect(Number(measured.at(-1)?.['eval_loss'])).toBeLessThan(0.5 * Math.log(12));
  });

  test('stopped and resumed equals an uninterrupted one bit for bit', async () => {
    const broken = optionsIn('broken');
    await pretrainAndStop(broken, 10);
    await pretrain({ ...broken, resumeFromCheckpoint: true });
    expect(await weightsOf(broken.outputDir)).toEqual(await weightsOf(join(root, 'whole')));
    expect(await logOf(broken.outputDir)).toEqual(await logOf(join(root, 'whole')));
    const states = await Promise.all(
      ['broken', 'whole'].map((name) => loadCheckpoint(join(root, name, 'checkpoint-21'))),
    );
    expect(states[0]?.state.tensors).toEqual(states[1]?.state.tensors);
  });

  test('refuses to go on with another masking, and names the option', async () => {
    const changed = optionsIn('broken', { mlmProbability: 0.3, resumeFromCheckpoint: true });
    await expect(pretrain(changed)).rejects.toMatchObject({
      code: 'INVALID_CHECKPOINT',
      message: expect.stringContaining('--mlm-probability was 0.15, is 0.3') as string,
    });
  });

  test('leaves a folder of DistilBertForMaskedLM, which goes on with its own head', async () => {
    const dir = join(root, 'whole');
    const config = JSON.parse(await readFile(join(dir, 'config.json'), 'utf8')) as Record<string, unknown>;
    expect(config).toMatchObject({
      architectures: ['DistilBertForMaskedLM'],
      model_type: 'distilbert',
      torch_dtype: 'float32',
    });
    expect(config).not.toHaveProperty('id2label');
    const { tensors } = decodeSafetensors(await weightsOf(dir));
    expect(importLanguageModel(tensors, parseConfig(config)).missingHead).toEqual([]);
    expect((await loadStartingModel(dir, 1, languageModel)).hasNewHead).toBe(false);
    expect(existsSync(join(dir, 'onnx'))).toBe(false);
    await expect(loadClassifier(dir)).rejects.toMatchObject({
      code: 'INVALID_CONFIG', // no classifier
    });
  });

  test('records the rows that it has seen, and what it was made of', async () => {
    const seen = await readSeenRows(join(root, 'whole'));
    const all = [...UNLABELED, ...LABELED.map(([text]) => text)].map(rowDigest);
    expect(seen.size).toBe(80);
    expect(all.filter((digest) => seen.has(digest))).toHaveLength(80);
    const { training } = await readManifest(join(root, 'whole'));
    expect(training).toMatchObject({
      task: 'masked-language-model',
      steps: 21,
      data: { train: { texts: 80 }, validation: { texts: 20 } },
    });
  });

  test('records of each side how many texts it has of each file, and which', async () => {
    const data = (await readRunRecord(join(root, 'whole')))?.data ?? {};
    expect(Object.keys(data)).toEqual(['train.1', 'train.2', 'validation.1', 'validation.2']);
    const rows = Object.values(data).map((source) => source.rows ?? NaN);
    const [train1 = 0, train2 = 0, validation1 = 0, validation2 = 0] = rows;
    expect([train1 + validation1, train2 + validation2]).toEqual([60, 40]);
    expect([train1 + train2, validation1 + validation2]).toEqual([80, 20]);
    const seen = await readSeenRows(join(root, 'whole'));
    const trainDigests = UNLABELED.map(rowDigest).filter((digest) => seen.has(digest));
    expect(data['train.1']).toMatchObject({ rows: trainDigests.length, rowsSha256: sha256(trainDigests.join('\n')) });
    expect(new Set(Object.values(data).map((source) => JSON.stringify(source))).size).toBe(4);
  });

  test('ends with the last loss and perplexity on held-out text in manifest and run record', async () => {
    const last = (await logOf(join(root, 'whole'))).filter((entry) => 'eval_loss' in entry).at(-1);
    const [loss, perplexity] = [last?.['eval_loss'], last?.['eval_perplexity']];
    expect((await readManifest(join(root, 'whole'))).metrics).toEqual({ validation: { loss, perplexity } });
    expect((await readRunRecord(join(root, 'whole')))?.metrics).toEqual({
      'validation.loss': loss,
      'validation.perplexity': perplexity,
    });
  });

  test('is the start of a training, which inherits the rows seen', async () => {
    const outputDir = join(root, 'trained');
    await train(tinyOptions({ trainFile: join(root, 'labeled.csv'), modelNameOrPath: join(root, 'whole'), outputDir }));
    const seen = await readSeenRows(outputDir);
    expect(UNLABELED.map(rowDigest).filter((digest) => seen.has(digest)).length).toBeGreaterThan(40);
  });
});

describe('text that is held out', () => {
  /** A text of 40 words in three versions, each with a last word of its own. */
  const family = (text: number): string[] => {
    const words = Array.from({ length: 39 }, (_, word) => `w${text}x${word}`);
    return ['one', 'two', 'three'].map((last) => [...words, last].join(' '));
  };

  test('has no near copy of a text that is trained on', async () => {
    const file = join(root, 'near copies.csv');
    const texts = Array.from({ length: 10 }, (_, text) => family(text)).flat();
    await writeFile(file, ['review', ...texts].join('\n'));
    const options = optionsIn('near copies', {
      trainFile: [file],
      validationSplitPercentage: 30,
      numTrainEpochs: 1,
      maxTrainTokens: 96,
    });
    await pretrain(options);
    const seen = await readSeenRows(options.outputDir);
    const learned = Array.from({ length: 10 }, (_, text) =>
      family(text)
        .map(rowDigest)
        .filter((digest) => seen.has(digest)),
    );
    expect(learned.map(({ length }) => length).sort()).toEqual([0, 0, 0, 3, 3, 3, 3, 3, 3, 3]);
  });
});

describe('a checkpoint of a version that did not look for near copies', () => {
  /** What it kept of the run: the digest of options, model and files, whose rows were not divided. */
  const earlierFingerprint = async (options: PretrainOptions, texts: number): Promise<string> => {
    const { weightsDigest } = await loadStartingModel(options.modelNameOrPath, 1, languageModel);
    const sources = [
      { sha256: await fileDigest(options.trainFile[0] ?? ''), rows: 60 },
      { sha256: await fileDigest(options.trainFile[1] ?? ''), rows: 40 },
    ];
    return sha256(JSON.stringify([decisivePretrainOptions(options), weightsDigest, sources, texts]));
  };

  test('is gone on from where no text was held out', async () => {
    const options = optionsIn('undivided', { validationSplitPercentage: 0 });
    await pretrainAndStop(options, 4);
    const { run } = await loadCheckpoint(join(options.outputDir, 'checkpoint-4'));
    expect(run.fingerprint).toBe(await earlierFingerprint(options, 100));
  });

  test('is refused where some was, with the reason', async () => {
    const options = optionsIn('divided');
    await pretrainAndStop(options, 4);
    const path = join(options.outputDir, 'checkpoint-4', 'trainer_state.json');
    const state = JSON.parse(await readFile(path, 'utf8')) as Record<string, unknown>;
    await writeFile(path, JSON.stringify({ ...state, fingerprint: await earlierFingerprint(options, 80) }));
    await expect(pretrain({ ...options, resumeFromCheckpoint: true })).rejects.toMatchObject({
      code: 'INVALID_CHECKPOINT',
      message: expect.stringContaining('or an earlier version divided the data differently') as string,
    });
  });
});

test('a pretraining ends with an error where there is less text than a sequence', async () => {
  const file = join(root, 'short.csv');
  await writeFile(file, 'review\n"the film"\n"a plot"\n');
  const options = optionsIn('short', { trainFile: [file], validationSplitPercentage: 0 });
  await expect(pretrain(options)).rejects.toMatchObject({
    code: 'INVALID_OPTION',
    message: expect.stringContaining('24 tokens') as string,
  });
});

test('the command takes several files, stops at a signal and says how to go on', async () => {
  const outputDir = join(root, 'command');
  const args = ['--train-file', 'unlabeled.csv,labeled.csv', '--model-name-or-path', 'base', '--output-dir', outputDir];
  const tiny = ['--max_seq_length', '24', '--num-train-epochs', '2000', '--validation-split-percentage', '0'];
  const child = startMain(['pretrain', ...args, ...tiny], root);
  child.process.stderr?.on('data', (data: Buffer) => {
    if (data.toString().includes('step ')) child.process.kill('SIGINT');
  });
  const { code, stderr } = await child.ended;
  expect(code).toBe(130);
  const files = `${join(root, 'unlabeled.csv')},${join(root, 'labeled.csv')}`;
  expect(stderr).toContain(`Go on with: npm run pretrain -- --train-file ${files}`);
});
