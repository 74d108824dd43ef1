import { existsSync } from 'node:fs';
import { appendFile, cp, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';

import { rowDigest } from '@marquee/dataset';
import {
  createTokenizer,
  createTokenizerJson,
  GRAPH_FILES,
  loadClassifier,
  loadTransformer,
  type Manifest,
  readManifest,
  SALIENCY_FILE,
  verifyArtifact,
  writeManifest,
} from '@marquee/model-core';
import { decodeSafetensors, toFloat32 } from '@marquee/safetensors';
import { beforeAll, describe, expect, test } from 'vitest';

import { runEvaluation, type EvaluateOptions } from '../src/evaluate.js';
import { exportModel } from '../src/export-model.js';
import { readSeenRows } from '../src/seen-rows.js';
import { loadStartingModel } from '../src/starting-model.js';
import { temporaryFolder } from './support/temporary-folder.js';
import { writeTinyModel } from './support/tiny-model.js';
import { type Row, tinyRows, writeCsv } from './support/tiny-reviews.js';
import { observe, tinyOptions, train, weightsOf } from './support/tiny-training.js';

const TRAIN_ROWS = tinyRows(60);
const NEW_ROWS = tinyRows(30, 5);
/** 12 reviews of the training file among 42. */
const TEST_ROWS: Row[] = [...NEW_ROWS, ...TRAIN_ROWS.slice(0, 12)];

let root: string;
let model: string;
let manifest: Manifest;
let said: string[];
beforeAll(async () => {
  root = await temporaryFolder();
  model = join(root, 'model');
  const trainFile = join(root, 'train.csv');
  const testFile = join(root, 'test.csv');
  await writeCsv(trainFile, TRAIN_ROWS);
  await writeCsv(testFile, TEST_ROWS);
  const modelNameOrPath = await writeTinyModel(join(root, 'base'));
  const validationFile = join(root, 'validation.csv');
  await writeCsv(validationFile, NEW_ROWS);
  const observed = observe();
  const changes = { testFile, validationFile, numTrainEpochs: 3, modelMaxLength: 40, learningRate: 1e-2 };
  const result = await train(tinyOptions({ trainFile, modelNameOrPath, outputDir: model }, changes), observed);
  if (!('manifest' in result)) throw new Error('the training was to end');
  ({ manifest } = result);
  said = observed.lines;
});

describe('the artifact of a training', () => {
  test('is whole and answers through the library', async () => {
    expect(await verifyArtifact(model)).toEqual(manifest);
    const classifier = await loadClassifier(model, { device: 'cpu' });
    expect(classifier.info).toMatchObject({ graph: 'int8', maxLength: 40, truncation: 'head+tail' });
    const [good, bad] = await classifier.predict(['a superb and moving film', 'a dull and awful film']);
    await classifier.close();
    expect([good?.sentiment, bad?.sentiment]).toEqual(['positive', 'negative']);
  });

  test('holds every file of the house, and the license of the base model', () => {
    expect(Object.keys(manifest.files)).toEqual([
      'LICENSE',
      'README.md',
      'config.json',
      'model.safetensors',
      'onnx/model_quantized.onnx',
      'onnx/saliency.onnx',
      'seen-rows.bin',
      'tokenizer.json',
      'tokenizer_config.json',
      'vocab.txt',
    ]);
  });

  test('says in its manifest what it was made of', async () => {
    const { training, parent, seenRows, goldenInputs, goldenTolerance } = manifest;
    expect(training).toMatchObject({
      steps: 45,
      options: { learningRate: 1e-2, seed: 42, maxSeqLength: 24, truncation: 'head+tail' },
      data: { train: { rows: 60 }, validation: { rows: 30 }, test: { rows: 42 } },
    });
    expect(training?.['seconds']).toBeTypeOf('number');
    expect(training?.['evaluations']).toHaveLength(3);
    expect(parent).toMatchObject({ weightsSha256: expect.stringMatching(/^[0-9a-f]{64}$/), dim: 16, n_layers: 2 });
    expect(seenRows).toEqual({ file: 'seen-rows.bin', count: 60 });
    expect(await readSeenRows(model)).toEqual(new Set(TRAIN_ROWS.map(([text]) => rowDigest(text))));
    expect(goldenInputs?.map(({ logits }) => Object.keys(logits))).toEqual(Array(8).fill(['int8']));
    expect(goldenTolerance).toMatchObject({ int8: 0.3, fp32: 0.05, reason: expect.stringContaining('rounds') });
  });

  test('has metrics with intervals on validation and test, of both graphs, the unseen rows first', () => {
    const { validation, test: tested } = manifest.metrics as Record<string, Record<string, Record<string, unknown>>>;
    expect(validation?.['int8']).toMatchObject({
      n: 30,
      seen_rows: 0,
      intervals: { accuracy: [expect.any(Number), expect.any(Number)] },
    });
    expect(tested?.['fp32']).toMatchObject({ n: 42, seen_rows: 12, unseen: { n: 30 } });
    expect(tested?.['int8']?.['unseen']).toMatchObject(withoutSeen(validation?.['int8']));
    expect(said).toContain('12 test reviews are training reviews, too');
    const lines = said.filter((line) => line.startsWith('test, int8'));
    expect(lines.map((line) => line.split(':')[0])).toEqual([
      'test, int8 (30 unseen reviews)',
      'test, int8 (all 42 reviews, 12 of them seen in training)',
    ]);
  });

  const withoutSeen = (report: Record<string, unknown> = {}): Record<string, unknown> =>
    Object.fromEntries(Object.entries(report).filter(([name]) => name !== 'seen_rows'));

  test('has a model card with figures, data, time, seed and options', async () => {
    const card = await readFile(join(model, 'README.md'), 'utf8');
    expect(card).toContain(`version ${manifest.version}`);
    expect(card).toMatch(/\| test \| int8 \| unseen \| 30 \| [01]\.\d{4} \([01]\.\d{4}–[01]\.\d{4}\) \|/);
    expect(card).toMatch(/45 steps in 0:00:\d\d/);
    expect(card).toMatch(/\| train \| 60 \| `[0-9a-f]{64}` \|/);
    expect(card).toContain('| seed | 42 |');
    expect(card).not.toContain('undefined');
  });

  test('reads the reviews in training as it does in serving, up to the length that each keeps', async () => {
    const classifier = await loadTransformer(model, { device: 'cpu' });
    const base = await loadStartingModel(join(root, 'base'), 42);
    const inTraining = createTokenizer(createTokenizerJson(base.tokenizerJson), base.tokenizerConfig, {
      maxLength: 40,
      truncation: 'head+tail',
    });
    for (const [text] of TEST_ROWS) {
      expect(classifier.tokenizer.encode(text)).toEqual(inTraining.encode(text));
    }
    const ids = (text: string): number[] => [...classifier.tokenizer.encode(text).inputIds];
    await classifier.close();
    expect(ids('good<br />film')).toEqual(ids('good film'));
  });
});

describe('a training that starts from an artifact', () => {
  test('keeps the rows that the parent has seen, starts the head anew, and names the parent', async () => {
    const child = join(root, 'child');
    const trainFile = join(root, 'new.csv');
    await writeCsv(trainFile, NEW_ROWS);
    const observed = observe();
    const validationFile = join(root, 'train.csv');
    const options = tinyOptions({ trainFile, modelNameOrPath: model, outputDir: child }, { validationFile });
    await train(options, observed);
    expect(await readSeenRows(child)).toEqual(new Set([...NEW_ROWS, ...TRAIN_ROWS].map(([text]) => rowDigest(text))));
    expect(observed.lines).toContain('60 validation reviews were seen by the starting model in its own training');
    const { parent, metrics, files } = await readManifest(child);
    expect(parent).toMatchObject({ version: manifest.version });
    expect((metrics as { validation: { int8: unknown } }).validation.int8).toMatchObject({ n: 60, seen_rows: 60 });
    expect(files).toHaveProperty('LICENSE');
  });

  test('reads the encoder and not the head of the parent', async () => {
    const stored = decodeSafetensors(await weightsOf(model)).tensors;
    const { weights } = await loadStartingModel(model, 42);
    const fresh = (await loadStartingModel(join(root, 'base'), 42)).weights;
    const valuesOf = (name: string): Float32Array =>
      toFloat32(stored.get(name) as NonNullable<ReturnType<typeof stored.get>>);
    const encoder = 'distilbert.transformer.layer.0.ffn.lin1.weight';
    expect(weights.get(encoder)?.data).toEqual(valuesOf(encoder));
    expect(weights.get('classifier.weight')?.data).not.toEqual(valuesOf('classifier.weight'));
    // Nor the head that the parent's own training began with, although both have the same seed.
    expect(weights.get('classifier.weight')?.data).not.toEqual(fresh.get('classifier.weight')?.data);
    const again = (await loadStartingModel(model, 42)).weights;
    expect(weights.get('classifier.weight')?.data).toEqual(again.get('classifier.weight')?.data);
  });

  test('refuses one whose weights are not those of its manifest', async () => {
    const damaged = join(root, 'damaged');
    await cp(model, damaged, { recursive: true });
    await appendFile(join(damaged, 'model.safetensors'), 'x');
    await expect(loadStartingModel(damaged, 42)).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' });
    await expect(exportModel(damaged, observe().progress)).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' });
  });
});

describe('evaluate', () => {
  const evaluate = async (name: string, changes: Partial<EvaluateOptions> = {}) => {
    const { lines, progress } = observe();
    const defaults = { graph: 'int8', textColumnName: 'review', labelColumnName: 'sentiment' } as const;
    const rest = { trainFile: undefined, maxEvalSamples: undefined, threads: 1 };
    const options = {
      model,
      testFile: join(root, 'test.csv'),
      outputDir: join(root, name),
      ...defaults,
      ...rest,
      ...changes,
    };
    await runEvaluation(options, { progress, stopRequested: () => false });
    const text = await readFile(join(root, name, 'evaluation_results.json'), 'utf8');
    return { results: JSON.parse(text) as Record<string, unknown>, lines };
  };

  test('writes the fields that are promised, on every row', async () => {
    const { results } = await evaluate('evaluated');
    const metrics = [
      'accuracy',
      'precision',
      'recall',
      'f1',
      'roc_auc',
      'log_loss',
      'pr_auc',
      'brier',
      'expected_calibration_error',
      'mcc',
    ];
    const others = ['confusion_matrix', 'intervals', 'slices', 'beside', 'effort', 'model', 'data'];
    expect(Object.keys(results)).toEqual(['seen_rows', 'unseen', 'n', ...metrics, ...others]);
    const {
      n,
      confusion_matrix: matrix,
      intervals,
      accuracy,
    } = results as { n: number; confusion_matrix: number[][]; intervals: Record<string, number[]>; accuracy: number };
    expect(n).toBe(42);
    expect(matrix.flat().reduce((sum, count) => sum + count, 0)).toBe(42);
    expect(Object.keys(intervals)).toEqual(metrics);
    const [low = NaN, high = NaN] = intervals['accuracy'] ?? [];
    expect(low).toBeLessThanOrEqual(accuracy);
    expect(high).toBeGreaterThanOrEqual(accuracy);
  });

  test('agrees with the figures of the manifest and counts the rows that training has seen', async () => {
    const { results, lines } = await evaluate('evaluated-again');
    expect(results).toMatchObject((manifest.metrics as { test: { int8: object } }).test.int8);
    expect(results).toMatchObject({
      seen_rows: 12,
      unseen: { n: 30 },
      model: { version: manifest.version, graph: 'int8' },
    });
    expect(lines[0]).toMatch(/^test, int8 \(30 unseen reviews\): accuracy/);
    expect(lines[1]).toMatch(/^test, int8 \(all 42 reviews, 12 of them seen in training\): accuracy/);
  });

  test('says how good the model is by length, and on reviews that are read whole or cut', async () => {
    const { results, lines } = await evaluate('sliced');
    const { by_token_count: lengths, by_truncation: cuts } = results['slices'] as Record<
      string,
      { n: number; accuracy: number; accuracy_interval: number[]; at_least?: number; truncated?: boolean }[]
    >;
    expect(lengths?.map(({ at_least: least }) => least)).toEqual([1]); // the model reads 40 tokens, and no review has 64
    expect(cuts?.map(({ truncated }) => truncated)).toEqual([false, true]);
    expect(cuts?.reduce((sum, { n }) => sum + n, 0)).toBe(42);
    const right = cuts?.reduce((sum, { n, accuracy }) => sum + n * accuracy, 0);
    expect(right).toBeCloseTo(42 * (results['accuracy'] as number), 9);
    expect(lines).toContainEqual(
      expect.stringMatching(/accuracy of reviews read whole: .* % of \d+, cut: .* % of \d+$/),
    );
  });

  test('of one class alone has no ROC AUC and is no error', async () => {
    const testFile = join(root, 'one-class.csv');
    await writeCsv(
      testFile,
      NEW_ROWS.filter(([, label]) => label === 'positive'),
    );
    const { results, lines } = await evaluate('one-class', { testFile });
    expect(results).toMatchObject({ n: 15, seen_rows: 0, roc_auc: null });
    expect(lines[0]).toContain('ROC AUC not defined');
  });

  test('in fp32 before the export says which command is missing', async () => {
    const refused = evaluate('no-export', { graph: 'fp32' });
    await expect(refused).rejects.toMatchObject({ code: 'GRAPH_UNAVAILABLE' });
    await expect(refused).rejects.toThrow(`npm run export -- --model ${model}`);
  });

  test('that is stopped writes nothing', async () => {
    const outputDir = join(root, 'stopped');
    const watch = { progress: observe().progress, stopRequested: () => true };
    const options = {
      model,
      testFile: join(root, 'test.csv'),
      trainFile: undefined,
      outputDir,
      graph: 'int8',
      textColumnName: 'review',
      labelColumnName: 'sentiment',
      maxEvalSamples: undefined,
      threads: 1,
    } as const;
    await expect(runEvaluation(options, watch)).rejects.toMatchObject({ code: 'INTERRUPTED' });
    expect(existsSync(join(outputDir, 'evaluation_results.json'))).toBe(false);
  });

  test('of an older release gets what explanations need, and nothing else', async () => {
    const older = join(root, 'older');
    await cp(model, older, { recursive: true });
    const { [SALIENCY_FILE]: _, ...files } = manifest.files;
    await rm(join(older, SALIENCY_FILE));
    await writeManifest(older, manifest, Object.keys(files));
    await exportModel(older, observe().progress, ['saliency']);
    expect(await verifyArtifact(older)).toEqual(manifest);
  });

  test('in fp32 after the export agrees with the training', async () => {
    const { lines, progress } = observe();
    await exportModel(model, progress);
    expect(lines[0]).toMatch(/model\/onnx\/model\.onnx: \d\.\d\d MB, entered in manifest\.json/);
    expect(lines[1]).toMatch(/model\/onnx\/saliency\.onnx: \d\.\d\d MB, entered in manifest\.json/);
    const exported = await verifyArtifact(model);
    expect(exported.files).toHaveProperty([GRAPH_FILES.fp32]);
    expect(exported.files[SALIENCY_FILE]).toEqual(manifest.files[SALIENCY_FILE]);
    expect(exported.goldenInputs).toMatchObject(manifest.goldenInputs ?? []);
    expect(exported.goldenInputs?.map(({ logits }) => Object.keys(logits))).toEqual(Array(8).fill(['int8', 'fp32']));
    expect(exported.version).toBe(manifest.version);
    const classifier = await loadClassifier(model, { device: 'cpu', graph: 'fp32' });
    expect(classifier.info.graph).toBe('fp32');
    await classifier.close();
    const { results } = await evaluate('evaluated-fp32', { graph: 'fp32' });
    const recorded = (manifest.metrics as { test: { fp32: { log_loss: number; accuracy: number } } }).test.fp32;
    expect(results['accuracy']).toBe(recorded.accuracy);
    expect(results['log_loss']).toBeCloseTo(recorded.log_loss, 5);
  });
});
