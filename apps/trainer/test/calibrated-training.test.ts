import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { type Manifest, readManifest } from '@marquee/model-core';
import { decodeSafetensors, toFloat32 } from '@marquee/safetensors';
import { beforeAll, describe, expect, test } from 'vitest';

import { loadCheckpoint } from '../src/checkpoint.js';
import type { TrainOptions } from '../src/train-options.js';
import { temporaryFolder } from './support/temporary-folder.js';
import { writeTinyModel } from './support/tiny-model.js';
import { type Row, tinyRows, writeCsv } from './support/tiny-reviews.js';
import { observe, tinyOptions, train, trainAndStop, weightsOf } from './support/tiny-training.js';

/** One label in five is wrong, so that a model which is sure of what the words say is too sure. */
const mislabeled = (rows: readonly Row[]): Row[] =>
  rows.map(([review, label], row) => [
    review,
    row % 5 === 0 ? (label === 'positive' ? 'negative' : 'positive') : label,
  ]);

let whole: TrainOptions;
let manifest: Manifest;
let said: string[];
beforeAll(async () => {
  const root = await temporaryFolder();
  const [trainFile, validationFile, testFile] = ['train', 'validation', 'test'].map((name) =>
    join(root, `${name}.csv`),
  );
  if (!trainFile || !validationFile || !testFile) throw new Error('three files were named');
  await writeCsv(trainFile, tinyRows(40));
  await writeCsv(validationFile, mislabeled(tinyRows(160, 3)));
  await writeCsv(testFile, mislabeled(tinyRows(160, 4)));
  const required = {
    trainFile,
    modelNameOrPath: await writeTinyModel(join(root, 'base')),
    outputDir: join(root, 'whole'),
  };
  // To the last step, where the model is too sure of what it has learned by heart.
  const toTheEnd = { numTrainEpochs: 12, earlyStoppingPatience: 0, loadBestModelAtEnd: false };
  whole = tinyOptions(required, { validationFile, testFile, learningRate: 1e-2, ...toTheEnd });
  const observed = observe();
  const result = await train(whole, observed);
  if (!('manifest' in result)) throw new Error('the training was to end');
  ({ manifest } = result);
  said = observed.lines;
});

interface Figures {
  readonly expected_calibration_error: number;
  readonly log_loss: number;
}
type Effects = Record<'validation' | 'test', Record<'before' | 'after', Figures>>;

describe('a training with enough validation reviews', () => {
  test('divides the logits of a model that is too sure, in the weights themselves', async () => {
    const { temperature, rows, reason } = manifest.calibration ?? {};
    expect({ rows, reason }).toEqual({ rows: 160, reason: undefined });
    expect(temperature).toBeGreaterThan(1.2);
    const { state } = await loadCheckpoint(join(whole.outputDir, 'checkpoint-120'));
    const stored = decodeSafetensors(await weightsOf(whole.outputDir)).tensors;
    for (const name of ['classifier.weight', 'classifier.bias', 'pre_classifier.weight']) {
      const divisor = name.startsWith('classifier') ? Number(temperature) : 1;
      const trained = Float32Array.from(state.tensors[name]?.data as Float32Array, (value) => value / divisor);
      const tensor = stored.get(name);
      const written = tensor ? toFloat32(tensor) : new Float32Array(0);
      expect(written).toHaveLength(trained.length);
      // float16 keeps 11 bits.
      written.forEach((value, i) =>
        expect(Math.abs(value - (trained[i] ?? NaN))).toBeLessThanOrEqual(Math.abs(value) / 1024 + 1e-7),
      );
    }
    expect(manifest.temperature).toBeUndefined();
  });

  test('records the calibration error before and after, on validation and test', () => {
    const { validation, test: tested } = manifest.calibration as unknown as Effects;
    for (const { before, after } of [validation, tested]) {
      expect(after.expected_calibration_error).toBeLessThan(before.expected_calibration_error);
      expect(after.log_loss).toBeLessThan(before.log_loss);
    }
    const { metrics } = manifest as unknown as { metrics: Record<'test', { int8: Figures }> };
    expect(metrics.test.int8).toMatchObject(tested.after);
    expect(said).toContainEqual(expect.stringMatching(/^temperature \d\.\d{4}, fitted on 160 validation reviews/));
    expect(said).toContainEqual(
      expect.stringMatching(/^test, int8: expected calibration error 0\.\d{4} before .* after$/),
    );
  });

  test('says both judgements in the model card', async () => {
    const card = await readFile(join(whole.outputDir, 'README.md'), 'utf8');
    expect(card).toMatch(/Logits are divided by the temperature \d\.\d+, fitted on 160 validation reviews\./);
    expect(card).toMatch(
      /int8 against fp32 on 160 reviews: \*\*inconclusive\*\*, \d+ labels flip; 160 reviews are too few/,
    );
  });

  test('ends with the same bytes and the same temperature when it is resumed', async () => {
    const broken = { ...whole, outputDir: `${whole.outputDir}-broken` };
    await trainAndStop(broken, 53);
    await train({ ...broken, resumeFromCheckpoint: true });
    expect(await weightsOf(broken.outputDir)).toEqual(await weightsOf(whole.outputDir));
    const { calibration, equivalence } = await readManifest(broken.outputDir);
    expect({ calibration, equivalence }).toEqual({
      calibration: manifest.calibration,
      equivalence: manifest.equivalence,
    });
  });
});

test('a training without validation reviews leaves the logits, says so, and compares the graphs on training reviews', async () => {
  const outputDir = `${whole.outputDir}-unvalidated`;
  const observed = observe();
  const changes = { validationFile: undefined, validationSplitPercentage: 0, numTrainEpochs: 1, outputDir };
  await train({ ...whole, ...changes }, observed);
  const { calibration, equivalence } = await readManifest(outputDir);
  expect(calibration).toEqual({ temperature: 1, rows: 0, reason: 'there are no validation reviews' });
  expect(equivalence).toMatchObject({ part: 'train', rows: 40, verdict: 'inconclusive' });
  expect(equivalence).not.toHaveProperty('accuracy');
  expect(observed.lines).toContain('probabilities are not calibrated: there are no validation reviews');
});
