import { existsSync } from 'node:fs';
import { cp, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { fileDigest } from '@marquee/dataset';
import { quantizedModel, type Weights } from '@marquee/distilbert';
import { loadClassifier, type Manifest, readManifest, verifyArtifact } from '@marquee/model-core';
import { beforeAll, describe, expect, test } from 'vitest';

import { runEvaluation } from '../src/evaluate.js';
import { type QuantizeOptions, runQuantization } from '../src/quantize.js';
import { readRunRecord } from '../src/tracking/run-record.js';
import { startMain } from './support/child.js';
import { temporaryFolder } from './support/temporary-folder.js';
import { TINY_CONFIG, tinyWeights, writeTinyModel } from './support/tiny-model.js';
import { tinyRows, writeCsv } from './support/tiny-reviews.js';
import { observe, tinyOptions, train } from './support/tiny-training.js';

let root: string;
let options: QuantizeOptions;
/** A copy of the model as it came from its training, judged without labels. */
let trained: string;
beforeAll(async () => {
  root = await temporaryFolder();
  const trainFile = join(root, 'train.csv');
  const testFile = join(root, 'test.csv');
  await writeCsv(trainFile, tinyRows(40));
  await writeCsv(testFile, tinyRows(120, 5));
  const modelNameOrPath = await writeTinyModel(join(root, 'base'));
  const required = { trainFile, modelNameOrPath, outputDir: join(root, 'model') };
  await train(tinyOptions(required, { validationSplitPercentage: 0, numTrainEpochs: 6, learningRate: 1e-2 }));
  options = {
    model: join(root, 'model'),
    testFile,
    unlabeled: false,
    outputDir: join(root, 'report'),
    margin: 0.5,
    textColumnName: 'review',
    labelColumnName: 'sentiment',
    maxEvalSamples: undefined,
    threads: 1,
  };
  trained = await copyOfModel('trained');
});

async function copyOfModel(name: string, from = options.model): Promise<string> {
  await cp(from, join(root, name), { recursive: true });
  return join(root, name);
}

const watchWith = ({ progress }: ReturnType<typeof observe>) => ({ progress, stopRequested: () => false });
const reportIn = async (outputDir: string): Promise<Record<string, unknown>> =>
  JSON.parse(await readFile(join(outputDir, 'equivalence_report.json'), 'utf8')) as Record<string, unknown>;

/** Every weight as one of −1, 0 and 1 times the largest of its tensor. */
const inTwoBits = (weights: Weights): Weights =>
  new Map(
    [...weights].map(([name, { shape, data }]) => {
      const peak = data.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0) || 1;
      return [name, { shape, data: data.map((value) => Math.round(value / peak) * peak) }];
    }),
  );

describe('quantize', () => {
  test('publishes a graph that too few labels can judge, and says so in the manifest and to the user', async () => {
    const before = await readManifest(options.model);
    const observed = observe();
    await runQuantization(options, watchWith(observed));
    const { equivalence, version, files } = await verifyArtifact(options.model);
    expect(equivalence).toMatchObject({
      verdict: 'inconclusive',
      rows: 120,
      reasons: [
        expect.stringMatching(/^120 reviews are too few labels to tell/),
        expect.stringMatching(/within their limits$/),
      ],
      data: { rows: 120, sha256: expect.stringMatching(/^[0-9a-f]{64}$/) },
    });
    const card = await readFile(join(options.model, 'README.md'), 'utf8');
    expect(card).toContain('int8 against fp32 on 120 reviews: **inconclusive**');
    const { 'README.md': _, ...others } = files;
    expect({ version, files: { ...others, 'README.md': before.files['README.md'] } }).toEqual({
      version: before.version,
      files: before.files,
    });
    expect(observed.lines[0]).toMatch(
      /^int8 against fp32 on 120 reviews: inconclusive, \d+ labels flip; 120 reviews are/,
    );
    expect(await reportIn(options.outputDir)).toMatchObject({ ...equivalence, model: { version } });
    expect((await readdir(options.outputDir)).sort()).toEqual(['equivalence_report.json', 'run.json']);
  });

  test('leaves the record of its run: the model before and after, the data, figures and verdict', async () => {
    const outputDir = join(root, 'recorded');
    const before = await fileDigest(join(options.model, 'manifest.json'));
    const { version } = await readManifest(options.model);
    await runQuantization({ ...options, outputDir }, watchWith(observe()));
    const { accuracy, flips } = (await reportIn(outputDir)) as { accuracy: Record<string, number>; flips: number };
    expect(await readRunRecord(outputDir)).toMatchObject({
      command: 'quantize',
      status: 'finished',
      verdict: 'inconclusive',
      options: { model: options.model, margin: 0.5, maxEvalSamples: null },
      data: { test: { sha256: await fileDigest(options.testFile), rows: 120 } },
      model: { path: options.model, version, manifestSha256: before },
      artifact: { version, manifestSha256: await fileDigest(join(options.model, 'manifest.json')), served: 'int8' },
      metrics: { rows: 120, flips, 'accuracy.int8': accuracy['int8'], 'accuracy.fp32': accuracy['fp32'] },
    });
  });

  test('takes the folder of an earlier one without a record, and of no other run', async () => {
    const outputDir = join(root, 'earlier');
    await mkdir(outputDir);
    await writeFile(join(outputDir, 'equivalence_report.json'), '{}\n');
    await runQuantization({ ...options, outputDir }, watchWith(observe()));
    expect(await reportIn(outputDir)).toMatchObject({ rows: 120 });
    const before = await readFile(join(options.model, 'run.json'));
    const intoModel = runQuantization({ ...options, outputDir: options.model }, watchWith(observe()));
    await expect(intoModel).rejects.toMatchObject({ code: 'OUTPUT_NOT_EMPTY' });
    expect(await readFile(join(options.model, 'run.json'))).toEqual(before);
  });

  test('finds the graphs equivalent within a margin that so many labels can show', async () => {
    await runQuantization({ ...options, margin: 10 }, watchWith(observe()));
    expect((await readManifest(options.model)).equivalence).toMatchObject({
      verdict: 'equivalent',
      limits: { margin: 0.1 },
      accuracy: { difference: expect.any(Number), interval: [expect.any(Number), expect.any(Number)] },
    });
  });

  test('keeps the verdict of more labeled reviews and no wider a margin on the same graph, where fewer cannot tell', async () => {
    const model = await copyOfModel('kept');
    const judge = async (changes: Partial<QuantizeOptions>): Promise<string[]> => {
      const observed = observe();
      await runQuantization({ ...options, model, ...changes }, watchWith(observed));
      return observed.lines;
    };
    await judge({ margin: 10 });
    const strong = await readManifest(model);
    expect(strong.equivalence).toMatchObject({ verdict: 'equivalent', rows: 120 });
    const card = await readFile(join(model, 'README.md'), 'utf8');
    const sentence = (fewer: number): string =>
      `${model}: the int8 graph has the same bytes as before, and its verdict stays: "equivalent" on 120 labeled reviews, with a margin of 10 points; ${fewer} are fewer and cannot tell`;
    expect(await judge({ margin: 10, maxEvalSamples: 4 })).toContain(sentence(4));
    expect(await judge({ margin: 12, maxEvalSamples: 3 })).toContain(sentence(3));
    expect(await judge({ margin: 10, unlabeled: true })).toContain(sentence(0));
    expect(await verifyArtifact(model)).toEqual(strong);
    expect(await readFile(join(model, 'README.md'), 'utf8')).toBe(card);
    expect(await reportIn(options.outputDir)).toMatchObject({ verdict: 'inconclusive' });
    expect(await readRunRecord(options.outputDir)).toMatchObject({ verdict: 'inconclusive' });
  });

  test('renews the verdict that was given within a wider margin than is asked', async () => {
    const model = await copyOfModel('wider');
    await runQuantization({ ...options, model, margin: 60 }, watchWith(observe()));
    expect((await readManifest(model)).equivalence).toMatchObject({ verdict: 'equivalent', limits: { margin: 0.6 } });
    const observed = observe();
    await runQuantization({ ...options, model, margin: 0.1, maxEvalSamples: 10 }, watchWith(observed));
    const renewed = { verdict: 'inconclusive', rows: 10, limits: { margin: 0.001 } };
    expect((await readManifest(model)).equivalence).toMatchObject(renewed);
    expect(observed.lines.join('\n')).not.toContain('its verdict stays');
  });

  test('renews the verdict where as many reviews judge, where fewer can tell, and where the graph is another', async () => {
    const model = await copyOfModel('renewed');
    const judge = async (changes: Partial<QuantizeOptions>, quantize = quantizedModel) => {
      await runQuantization({ ...options, model, ...changes }, watchWith(observe()), quantize);
      return (await readManifest(model)).equivalence;
    };
    await judge({ margin: 10 });
    expect(await judge({ margin: 0.5 })).toMatchObject({ verdict: 'inconclusive', rows: 120 });
    expect(await judge({ margin: 20, maxEvalSamples: 110 })).toMatchObject({ verdict: 'equivalent', rows: 110 });
    const another: typeof quantizedModel = (config, weights) =>
      quantizedModel(
        config,
        new Map(
          [...weights].map(([name, { shape, data }]) => [name, { shape, data: data.map((value) => value * 1.001) }]),
        ),
      );
    expect(await judge({ maxEvalSamples: 4 }, another)).toMatchObject({ verdict: 'inconclusive', rows: 4 });
  });

  test('takes reviews without labels, which cannot show equivalence', async () => {
    const testFile = join(root, 'unlabeled.csv');
    await writeFile(
      testFile,
      `review\n${tinyRows(120, 5)
        .map(([review]) => `"${review}"`)
        .join('\n')}\n`,
    );
    await expect(runQuantization({ ...options, testFile }, watchWith(observe()))).rejects.toMatchObject({
      code: 'MISSING_COLUMN',
    });
    const observed = observe();
    const model = await copyOfModel('unlabeled', trained);
    await runQuantization({ ...options, model, testFile, unlabeled: true, maxEvalSamples: 110 }, watchWith(observed));
    const { equivalence } = await readManifest(model);
    expect(equivalence).toMatchObject({
      verdict: 'inconclusive',
      rows: 110,
      reasons: ['the reviews have no labels', 'flips and probabilities are within their limits'],
    });
    expect(equivalence).not.toHaveProperty('accuracy');
    expect(observed.lines[0]).toMatch(/; the reviews have no labels; flips and probabilities are within their limits$/);
  });

  test('refuses a graph of two bits, writes the report, and leaves the artifact as it was', async () => {
    const before = await readFile(join(options.model, 'manifest.json'));
    const outputDir = join(root, 'two-bits');
    const inTwo = (...[config, weights]: Parameters<typeof quantizedModel>) =>
      quantizedModel(config, inTwoBits(weights));
    const refused = runQuantization({ ...options, outputDir }, watchWith(observe()), inTwo);
    await expect(refused).rejects.toMatchObject({
      code: 'NOT_EQUIVALENT',
      message: expect.stringContaining(join(outputDir, 'equivalence_report.json')),
    });
    expect(await reportIn(outputDir)).toMatchObject({ verdict: 'refused' });
    expect((await readdir(outputDir)).sort()).toEqual(['equivalence_report.json', 'run.json']);
    const record = await readRunRecord(outputDir);
    expect(record).toMatchObject({
      status: 'failed',
      verdict: 'refused',
      error: { code: 'NOT_EQUIVALENT', message: expect.stringContaining('the artifact is unchanged') },
      metrics: { rows: 120, flips: expect.any(Number), 'accuracy.int8': expect.any(Number) },
    });
    expect(record).not.toHaveProperty('artifact');
    expect(await readFile(join(options.model, 'manifest.json'))).toEqual(before);
    await verifyArtifact(options.model);
  });
});

describe('a model that int8 breaks', () => {
  let model: string;
  let manifest: Manifest;
  let said: string[];
  beforeAll(async () => {
    // A feature that is never active has the largest weight of each row by far, so that all others round to zero. No gradient reaches it.
    const weights = tinyWeights();
    for (const layer of ['distilbert.transformer.layer.0', 'distilbert.transformer.layer.1']) {
      weights.get(`${layer}.ffn.lin1.bias`)?.data.fill(-1000, 0, 1);
      const { hidden_dim: features } = TINY_CONFIG;
      const outgoing = weights.get(`${layer}.ffn.lin2.weight`)?.data ?? new Float32Array(0);
      for (let row = 0; row < outgoing.length; row += features) outgoing[row] = 1000;
    }
    const trainFile = join(root, 'outlier.csv');
    const validationFile = join(root, 'outlier-validation.csv');
    await writeCsv(trainFile, tinyRows(40));
    await writeCsv(validationFile, tinyRows(200, 9));
    const modelNameOrPath = await writeTinyModel(join(root, 'outlier-base'), { weights });
    model = join(root, 'outlier');
    const observed = observe();
    const required = { trainFile, modelNameOrPath, outputDir: model };
    const result = await train(
      tinyOptions(required, { validationFile, learningRate: 1e-2, numTrainEpochs: 3 }),
      observed,
    );
    if (!('manifest' in result)) throw new Error('the training was to end');
    ({ manifest } = result);
    said = observed.lines;
  });

  test('is published by its training in fp32 alone, with the reason', async () => {
    expect(manifest.equivalence).toMatchObject({ part: 'validation', verdict: 'refused', rows: 200 });
    expect(Object.keys(manifest.files)).toContain('onnx/model.onnx');
    expect(Object.keys(manifest.files)).not.toContain('onnx/model_quantized.onnx');
    expect(existsSync(join(model, 'onnx/model_quantized.onnx'))).toBe(false);
    expect(manifest.goldenInputs?.map(({ logits }) => Object.keys(logits))).toEqual(Array(8).fill(['fp32']));
    expect(await verifyArtifact(model)).toEqual(manifest);
    expect(said).toContainEqual(expect.stringMatching(/^int8 against fp32 on 200 reviews: refused, \d+ labels flip; /));
    expect(said).toContain('the int8 graph was taken out of the artifact: it is served in fp32, more slowly');
    const classifier = await loadClassifier(model, { device: 'cpu' });
    expect(classifier.info.graph).toBe('fp32');
    await classifier.close();
    expect(await readRunRecord(model)).toMatchObject({ artifact: { version: manifest.version, served: 'fp32' } });
  });

  test('is evaluated as it is served', async () => {
    const { textColumnName, labelColumnName, maxEvalSamples, threads } = options;
    const rest = { textColumnName, labelColumnName, trainFile: undefined, maxEvalSamples, threads };
    const outputDir = join(root, 'outlier-evaluated');
    const testFile = join(root, 'outlier-validation.csv');
    await runEvaluation({ model, testFile, outputDir, graph: 'auto', ...rest }, watchWith(observe()));
    const results: unknown = JSON.parse(await readFile(join(outputDir, 'evaluation_results.json'), 'utf8'));
    expect(results).toMatchObject({ n: 200, model: { graph: 'fp32' } });
  });

  test('ends the quantize command with 1 and one sentence', async () => {
    const args = [
      '--model',
      model,
      '--test-file',
      join(root, 'outlier-validation.csv'),
      '--output-dir',
      join(root, 'no'),
    ];
    const { code, stderr } = await startMain(['quantize', ...args, '--threads', '1']).ended;
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /int8 against fp32 on 200 reviews: refused, .*\nmarquee: .*outlier: expected an int8 graph .*\n$/,
    );
    expect(await readManifest(model)).toEqual(manifest);
  });
});
