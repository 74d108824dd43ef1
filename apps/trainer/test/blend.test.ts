import { existsSync } from 'node:fs';
import { appendFile, cp, readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { fileDigest, rowDigest } from '@marquee/dataset';
import { loadClassifier, type Manifest, readManifest, verifyArtifact } from '@marquee/model-core';
import { beforeAll, describe, expect, test } from 'vitest';

import { runBlend } from '../src/blend.js';
import { BLEND_OPTION_SPECS, type BlendOptions } from '../src/blend-options.js';
import { runEvaluation } from '../src/evaluate.js';
import { exportModel } from '../src/export-model.js';
import { runQuantization } from '../src/quantize.js';
import { runScoring } from '../src/score.js';
import { readSeenRows } from '../src/seen-rows.js';
import { loadStartingModel } from '../src/starting-model.js';
import { readRunRecord } from '../src/tracking/run-record.js';
import { createFileMirror } from './support/file-mirror.js';
import { temporaryFolder } from './support/temporary-folder.js';
import { writeTinyModel } from './support/tiny-model.js';
import { tinyRows, writeCsv } from './support/tiny-reviews.js';
import { observe, tinyOptions, train } from './support/tiny-training.js';

const TRAIN_ROWS = tinyRows(60);
const VALIDATION_ROWS = tinyRows(120, 5);
const TEST_ROWS = tinyRows(40, 9);
/** What depends on the clock: the members' manifests have a date. */
const TIMED = { createdAt: '', version: '', files: {} };
type Reports = Record<string, Record<string, Record<string, unknown>>>;

const mirror = createFileMirror();
let root: string;
let transformer: string;
const file = (name: string): string => join(root, name);
beforeAll(async () => {
  root = await temporaryFolder();
  await writeCsv(file('train.csv'), TRAIN_ROWS);
  await writeCsv(file('validation.csv'), [...VALIDATION_ROWS, ...TRAIN_ROWS.slice(0, 4)]);
  await writeCsv(file('test.csv'), TEST_ROWS);
  transformer = file('transformer');
  const modelNameOrPath = await writeTinyModel(file('base'));
  const changes = { validationSplitPercentage: 0, numTrainEpochs: 2, learningRate: 1e-2 };
  await train(tinyOptions({ trainFile: file('train.csv'), modelNameOrPath, outputDir: transformer }, changes));
});

async function blend(name: string, changes: Partial<BlendOptions> = {}) {
  const defaults = Object.fromEntries(Object.entries(BLEND_OPTION_SPECS).map(([key, { fallback }]) => [key, fallback]));
  const files = { trainFile: file('train.csv'), validationFile: file('validation.csv') };
  const given = { ...files, model: [transformer], outputDir: file(name), threads: 1, ...changes };
  const { lines, progress } = observe();
  const options = { ...defaults, ...given } as unknown as BlendOptions;
  const manifest = await runBlend(options, { progress, stopRequested: () => false, mirror });
  return { manifest, lines, dir: file(name) };
}

/** What every evaluation leaves. */
const EVALUATION_FILES = [
  'evaluation_metrics.png',
  'evaluation_results.json',
  'report.html',
  'sample_predictions.json',
];

async function evaluate(model: string, name: string, trainFile?: string) {
  const { lines, progress } = observe();
  const given = { model, testFile: file('test.csv'), trainFile, outputDir: file(name), graph: 'auto' } as const;
  const rest = { textColumnName: 'review', labelColumnName: 'sentiment', maxEvalSamples: undefined, threads: 1 };
  await runEvaluation({ ...given, ...rest }, { progress, stopRequested: () => false });
  const results: unknown = JSON.parse(await readFile(file(`${name}/evaluation_results.json`), 'utf8'));
  const page = await readFile(file(`${name}/report.html`), 'utf8');
  const record = await readRunRecord(file(name));
  const files = (await readdir(file(name))).filter((path) => path !== 'run.json').sort();
  return { results, page, lines, record, files };
}

describe('a cascade', () => {
  let manifest: Manifest;
  let dir: string;
  let lines: string[];
  beforeAll(async () => {
    ({ manifest, dir, lines } = await blend('cascade', { testFile: file('test.csv') }));
  });

  test('is a whole artifact whose members are artifacts, too', async () => {
    expect(await verifyArtifact(dir)).toEqual(manifest);
    const linear = await verifyArtifact(join(dir, 'members/linear'));
    expect(await verifyArtifact(join(dir, 'members/transformer'))).toEqual(await readManifest(transformer));
    expect(linear).toMatchObject({ kind: 'linear', calibration: { rows: 124 }, seenRows: { count: 56 } });
    expect(manifest).toMatchObject({
      kind: 'cascade',
      blend: { weights: { linear: expect.any(Number), transformer: expect.any(Number) } },
      training: { options: { folds: 10, maxAccuracyLoss: 0.002 }, data: { train: { rows: 56 } } },
      parameters: linear.parameters + (await readManifest(transformer)).parameters,
    });
    expect(await readdir(join(dir, 'members'))).toEqual(['linear', 'transformer']);
  });

  test('does not fit its linear model on reviews that judge it, and remembers what every member has seen', async () => {
    const linear = await readSeenRows(join(dir, 'members/linear'));
    expect(TRAIN_ROWS.slice(0, 4).some(([text]) => linear.has(rowDigest(text)))).toBe(false);
    expect(linear.size).toBe(56);
    expect(await readSeenRows(dir)).toEqual(new Set(TRAIN_ROWS.map(([text]) => rowDigest(text))));
  });

  test('has figures of members, blend and cascade on validation, with those of unseen reviews apart', () => {
    const { validation } = manifest.metrics as Reports;
    expect(Object.keys(validation ?? {})).toEqual(['linear', 'transformer', 'blend', 'cascade']);
    for (const report of Object.values(validation ?? {})) {
      expect(report).toMatchObject({ n: 124, seen_rows: 4, unseen: { n: 120 } });
      expect(report).toHaveProperty('intervals.accuracy');
    }
    const [blendAccuracy = 0, accuracy = 0] = ['blend', 'cascade'].map((name) =>
      Number(validation?.[name]?.['accuracy']),
    );
    expect(accuracy).toBeGreaterThanOrEqual(blendAccuracy - 0.002);
    expect(manifest.training).toMatchObject({ cascade: { accuracy, blendAccuracy } });
    expect(lines).toContainEqual(
      expect.stringMatching(/^blend: -?\d\.\d+ × linear .* answers where its logit is beyond/),
    );
  });

  test('answers with members, weights and threshold of its manifest', async () => {
    if (manifest.kind !== 'cascade') throw new Error('a bug of this test');
    const [whole, linear, other] = await Promise.all(
      [dir, join(dir, 'members/linear'), transformer].map((path) => loadClassifier(path, { device: 'cpu' })),
    );
    const logit = async (model: typeof whole, text: string): Promise<number> => {
      const [prediction] = (await model?.predict([text])) ?? [];
      return Math.log(prediction?.probabilities.positive ?? NaN) - Math.log(prediction?.probabilities.negative ?? NaN);
    };
    const { blend: rule, cascade } = manifest;
    const stages = new Set<string | undefined>();
    for (const [text] of [...TEST_ROWS, ['', ''], ['film', '']] as const) {
      const [first, second] = [await logit(linear, text), await logit(other, text)];
      const [prediction] = (await whole?.predict([text])) ?? [];
      stages.add(prediction?.stage);
      expect(prediction?.stage).toBe(Math.abs(first) >= cascade.threshold ? 'linear' : 'blend');
      const blended =
        rule.bias + (rule.weights['linear'] ?? NaN) * first + (rule.weights['transformer'] ?? NaN) * second;
      expect(await logit(whole, text)).toBeCloseTo(prediction?.stage === 'linear' ? first : blended, 6);
    }
    expect(stages).toEqual(new Set(['linear', 'blend']));
    for (const model of [whole, linear, other]) await model?.close();
  });

  test('is evaluated by stage, in its making as by the command', async () => {
    const { test: tested } = manifest.metrics as Reports;
    const made = tested?.['cascade'] as { stages: { stage: string; n: number; coverage: number }[] };
    expect(made.stages.reduce((sum, { n }) => sum + n, 0)).toBe(40);
    const { results, lines: said, record } = await evaluate(dir, 'evaluated');
    expect(results).toMatchObject({ ...made, model: { kind: 'cascade', graph: 'int8', version: manifest.version } });
    expect(said).toContainEqual(
      expect.stringMatching(/^test, cascade int8: linear answered \d+ reviews \(\d+\.\d\d %\)/),
    );
    expect(tested?.['linear alone']).toMatchObject({ n: 40, seen_rows: 0 });
    expect(results).toMatchObject({
      beside: { 'linear alone': tested?.['linear alone'] },
      effort: { seconds: expect.any(Number), reviews_per_second: expect.any(Number) },
    });
    const { effort } = results as { effort: { seconds: number; reviews_per_second: number } };
    expect(effort.reviews_per_second * effort.seconds).toBeCloseTo(40, 9);
    expect(record?.model).toEqual({
      path: dir,
      version: manifest.version,
      manifestSha256: await fileDigest(join(dir, 'manifest.json')),
    });
    expect(made.stages.map(({ stage }) => stage)).toEqual(['linear', 'blend']);
    const making = await readRunRecord(dir);
    for (const { stage, n, coverage } of made.stages) {
      expect(record?.metrics).toMatchObject({ [`stages.${stage}.n`]: n, [`stages.${stage}.coverage`]: coverage });
      expect(making?.metrics).toHaveProperty([`test.cascade.stages.${stage}.coverage`], coverage);
    }
    const page = await readFile(file('evaluated/report.html'), 'utf8');
    expect(page).toMatch(/<th scope="col">cascade int8, as served<\/th><th scope="col">linear alone<\/th>/);
    expect(page).toMatch(/<th scope="row">reviews a second<\/th><td>\d/);
    expect(page).toMatch(/<th scope="row">blend<\/th><td>\d+<\/td>/);
    expect((await readdir(join(dir, 'results'))).sort()).toEqual(EVALUATION_FILES);
  });

  test('has a model card and the record of its run', async () => {
    const card = await readFile(join(dir, 'README.md'), 'utf8');
    expect(card).toMatch(
      /The blend's logit is .* The linear model answers alone where its logit is beyond ±\d+\.\d{3}, as it did for/,
    );
    expect(card).toMatch(/\| test \| cascade \| all \(none seen\) \| 40 \|/);
    expect(card).not.toMatch(/undefined|null/);
    expect(card).toContain('[members/transformer/LICENSE](members/transformer/LICENSE)');
    const record: unknown = JSON.parse(await readFile(join(dir, 'run.json'), 'utf8'));
    const artifact = { version: manifest.version, served: 'cascade' };
    const { accuracy } = (manifest.metrics as Reports)['test']?.['cascade'] ?? {};
    expect(record).toMatchObject({ command: 'blend', status: 'finished', artifact });
    expect(record).toHaveProperty(['metrics', 'test.cascade.accuracy'], accuracy);
  });

  test('is where a training starts from its transformer, and what another cascade takes it from', async () => {
    const start = await loadStartingModel(dir, 42);
    expect(start.path).toBe(join(dir, 'members', 'transformer'));
    const { manifest: again } = await blend('again', { model: [dir], kind: 'blend' });
    expect(again).toMatchObject({ kind: 'blend', blend: (manifest as { blend: object }).blend });
    expect(again).not.toHaveProperty('cascade');
  });

  test.each(['the whole', 'its transformer'])(
    'exports fp32 graphs by the name of %s and stays whole',
    async (named) => {
      const copy = await copyOf(dir, `exported of ${named}`);
      await exportModel(named === 'the whole' ? copy : join(copy, 'members/transformer'), observe().progress);
      const exported = await verifyArtifact(copy);
      expect(exported.files).toHaveProperty(['members/transformer/onnx/model.onnx']);
      expect(exported.files).toHaveProperty(['members/transformer/onnx/saliency.onnx']);
      const classifier = await loadClassifier(copy, { device: 'cpu', graph: 'fp32' });
      expect(classifier.info.graph).toBe('fp32');
      await classifier.close();
    },
  );

  test.each(['the whole', 'its transformer'])('is quantized by the name of %s and stays whole', async (named) => {
    const copy = await copyOf(dir, `quantized of ${named}`);
    const lines = await quantize(named === 'the whole' ? copy : join(copy, 'members/transformer'));
    const whole = await verifyArtifact(copy);
    expect(whole).toMatchObject({ version: manifest.version, equivalence: { verdict: 'equivalent' } });
    const member = await verifyArtifact(join(copy, 'members/transformer'));
    expect(member.equivalence).toMatchObject({ verdict: 'equivalent', rows: 40 });
    const card = await readFile(join(copy, 'README.md'), 'utf8');
    expect(card).toContain('Of its transformer, int8 against fp32 on 40 reviews: **equivalent**');
    expect(lines.join('\n')).not.toContain('fitted on another'); // the graph has the same bytes
  });

  const renewals = { quantize, export: (model: string) => exportModel(model, observe().progress) };
  test.each(Object.entries(renewals))(
    'that %s left half renewed is finished by it, and by nothing else',
    async (name, renew) => {
      const whole = await copyOf(dir, `whole after ${name}`);
      await renew(whole);
      const half = await copyOf(dir, `half after ${name}`);
      const member = 'members/transformer';
      await cp(join(whole, member), join(half, member), { recursive: true });
      await writeFile(
        join(half, member, name === 'quantize' ? 'onnx/model_quantized.onnx' : 'onnx/saliency.onnx'),
        'half',
      );
      await expect(verifyArtifact(half)).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' });
      const vocabulary = await readFile(join(half, member, 'vocab.txt'));
      await appendFile(join(half, member, 'vocab.txt'), 'x');
      await expect(renew(half)).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' });
      await writeFile(join(half, member, 'vocab.txt'), vocabulary);
      await renew(half);
      expect((await verifyArtifact(half)).version).toBe((await verifyArtifact(whole)).version);
      expect(Object.keys((await readManifest(half)).files).sort()).toEqual(
        Object.keys((await readManifest(whole)).files).sort(),
      );
    },
  );

  test('says of each scored row which stage answered', async () => {
    const dataFile = file('both stages.csv');
    await writeFile(dataFile, 'review\na superb and moving film\nfilm\na dull and awful film\n');
    const given = { model: dir, dataFile, graph: 'auto', threads: 1 } as const;
    const columns = { textColumnName: 'review', labelColumnName: undefined };
    const watch = { progress: observe().progress, stopRequested: () => false };
    for (const name of ['scored.csv', 'scored.jsonl'])
      await runScoring({ ...given, ...columns, outputFile: file(name) }, watch);
    const [head, ...rows] = (await readFile(file('scored.csv'), 'utf8')).trimEnd().split('\n');
    const stages = rows.map((row) => row.split(',').at(-1));
    expect(head).toMatch(/,truncated,stage$/);
    expect(stages).toEqual(['linear', 'blend', 'linear']);
    const objects = (await readFile(file('scored.jsonl'), 'utf8')).trimEnd().split('\n');
    expect(objects.map((line) => (JSON.parse(line) as { stage: string }).stage)).toEqual(stages);
  });
});

/** Returns what a user would read. */
async function quantize(model: string): Promise<string[]> {
  const columns = { textColumnName: 'review', labelColumnName: 'sentiment' };
  const rest = { unlabeled: false, margin: 50, maxEvalSamples: undefined, threads: 1 };
  const options = { model, testFile: file('test.csv'), outputDir: `${model} judged`, ...columns, ...rest };
  const { lines, progress } = observe();
  await runQuantization(options, { progress, stopRequested: () => false, mirror });
  return lines;
}

async function copyOf(dir: string, name: string): Promise<string> {
  await cp(dir, file(name), { recursive: true });
  return file(name);
}

describe('an evaluation', () => {
  test('of a transformer leaves the files of every other, with a linear baseline that is fitted for it', async () => {
    const { files, page, lines } = await evaluate(transformer, 'of a transformer', file('train.csv'));
    expect(files).toEqual(EVALUATION_FILES);
    expect(page).toMatch(/<th scope="col">int8, as served<\/th><th scope="col">linear baseline<\/th>/);
    expect(lines).toContainEqual(expect.stringMatching(/^test, linear baseline \(40 reviews, none seen/));
    expect(lines.join('\n')).not.toContain('no linear baseline');
  });

  test('of a transformer says so where no baseline stands beside it, and what to do', async () => {
    const { lines, results } = await evaluate(transformer, 'without a baseline');
    expect(lines.filter((line) => line.startsWith('no linear baseline'))).toEqual([
      `no linear baseline stands beside: the training of ${transformer} measured none on these reviews; --train-file fits one on the reviews of a file`,
    ]);
    expect(results).not.toHaveProperty('beside');
    const { lines: said } = await evaluate(transformer, 'of the same file', file('test.csv'));
    expect(said).toContain(
      `no linear baseline stands beside: without the reviews of ${file('test.csv')}, ${file('test.csv')} has none of both labels to fit it on`,
    );
  });

  test('of a linear model counts its words', async () => {
    const changes = { kind: 'linear', model: [], validationFile: undefined } as const;
    const { dir } = await blend('of words', { ...changes, validationSplitPercentage: 0 });
    const { files, results, lines } = await evaluate(dir, 'of a linear model');
    expect(files).toEqual(EVALUATION_FILES);
    expect(results).toMatchObject({ n: 40, model: { kind: 'linear' } });
    expect(lines.join('\n')).not.toContain('no linear baseline');
  });
});

describe('the command', () => {
  test('makes the linear model alone, without a transformer and without validation reviews', async () => {
    const changes = { kind: 'linear', model: [], validationFile: undefined, validationSplitPercentage: 0 } as const;
    const { manifest, dir } = await blend('linear', changes);
    expect(Object.keys(manifest.files)).toEqual(['README.md', 'linear.safetensors', 'seen-rows.bin']);
    expect(manifest).toMatchObject({ kind: 'linear', seenRows: { count: 60 } });
    const classifier = await loadClassifier(dir);
    const predictions = await classifier.predict(['a superb and moving film', 'a dull and awful film']);
    expect(predictions.map(({ sentiment }) => sentiment)).toEqual(['positive', 'negative']);
    expect(await readFile(join(dir, 'README.md'), 'utf8')).toContain('Its confidence is not calibrated.');
    await expect(blend('of-linear', { model: [dir] })).rejects.toThrow(
      '--model: expected a transformer, got a linear model',
    );
    await expect(loadStartingModel(dir, 1)).rejects.toMatchObject({ code: 'INVALID_MODEL' });
  });

  test('holds out what train held out, and gives the same artifact for the same seed', async () => {
    const held = { validationSplitPercentage: 20 };
    const paths = { trainFile: file('train.csv'), modelNameOrPath: file('base'), outputDir: file('held out from') };
    await train(tinyOptions(paths, { ...held, numTrainEpochs: 1 }));
    const changes = { ...held, validationFile: undefined, model: [paths.outputDir] };
    const first = await blend('held-out', changes);
    const second = await blend('held-out-again', changes);
    expect({ ...second.manifest, ...TIMED }).toEqual({ ...first.manifest, ...TIMED });
    const weights = 'members/linear/linear.safetensors';
    expect(second.manifest.files[weights]).toEqual(first.manifest.files[weights]);
    expect(first.manifest).toMatchObject({ training: { data: { train: { rows: 48 }, validation: { rows: 12 } } } });
    expect((first.manifest.metrics as Reports)['validation']?.['blend']).toMatchObject({ seen_rows: 0 });
    const { dir } = await blend('held-out-by-another-seed', { ...changes, seed: 7 });
    const heldOut = async (run: string): Promise<unknown> =>
      (JSON.parse(await readFile(join(run, 'split.json'), 'utf8')) as { parts: { validation: unknown } }).parts
        .validation;
    expect(await heldOut(dir)).toEqual(await heldOut(paths.outputDir));
  });

  test('refuses to fit a blend on a handful of reviews that the transformer has not learned', async () => {
    await writeCsv(file('grown.csv'), [...TRAIN_ROWS, ...tinyRows(6, 3).filter(([, label]) => label === 'positive')]);
    const grown = { trainFile: file('grown.csv'), validationFile: undefined, validationSplitPercentage: 5 };
    await expect(blend('handful', grown)).rejects.toThrow(
      '--train-file: expected some 4 reviews of both labels that no model has learned, to fit a cascade on, got 3;',
    );
    expect(existsSync(file('handful'))).toBe(false);
    const named = { ...grown, validationFile: file('test.csv'), validationSplitPercentage: 99 };
    expect((await blend('named', named)).manifest.kind).toBe('cascade');
    await writeCsv(file('one label.csv'), TEST_ROWS.filter(([, label]) => label === 'negative')); // prettier-ignore
    await expect(blend('of one label', { ...grown, validationFile: file('one label.csv') })).rejects.toThrow(
      '--validation-file: expected reviews of both labels to fit a cascade on, got 20 of one label',
    );
  });

  test('says which reviews its files share', async () => {
    const { lines, dir } = await blend('shared', { testFile: file('validation.csv') });
    expect(lines).toContain('validation and test share 124 reviews, 124 of them equal');
    expect(await readdir(dir)).toContain('data_report.json');
  });

  test('names several transformers by number, as quantize does in its record, and both show all that they wrote', async () => {
    const { manifest, dir } = await blend('two', { model: [transformer, transformer], kind: 'blend' });
    expect(Object.keys((manifest as { blend: { weights: object } }).blend.weights)).toEqual([
      'linear',
      'transformer-1',
      'transformer-2',
    ]);
    const entries = await readdir(dir, { withFileTypes: true, recursive: true });
    const written = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
    expect(mirror.names.map((name) => join(dir, name))).toEqual(written.sort());
    await quantize(dir);
    expect(mirror.names).toEqual([
      'run.json',
      'transformer-1/equivalence_report.json',
      'transformer-2/equivalence_report.json',
    ]);
    const record = await readRunRecord(`${dir} judged`);
    expect(record).toMatchObject({ command: 'quantize', verdict: 'equivalent', artifact: { served: 'blend' } });
    expect(record?.metrics).toMatchObject({ 'transformer-1.rows': 40, 'transformer-2.rows': 40 });
  });

  test('refuses to fit a blend without validation reviews, and to write over something', async () => {
    const refused = blend('refused', { validationFile: undefined, validationSplitPercentage: 0 });
    await expect(refused).rejects.toMatchObject({ code: 'INVALID_OPTION' });
    await expect(refused).rejects.toThrow(
      '--validation-file: expected it, or a part held out, to fit a cascade on; got neither',
    );
    expect(existsSync(file('refused'))).toBe(false);
    await expect(blend('transformer')).rejects.toMatchObject({ code: 'INVALID_OPTION' });
    await expect(blend('base')).rejects.toMatchObject({ code: 'OUTPUT_NOT_EMPTY' });
  });

  test('refuses validation reviews that a transformer has learned', async () => {
    const refused = blend('learned', { validationFile: file('train.csv') });
    await expect(refused).rejects.toThrow(
      `expected validation reviews that ${transformer} was not trained on, got 60 of 60 that it was`,
    );
    expect(existsSync(file('learned'))).toBe(false);
  });

  test('never overwrites a model that it is made from', async () => {
    const { dir } = await blend('remade');
    const over = (...models: string[]) => blend('remade', { model: models, overwriteOutputDir: true });
    const sentence = '--output-dir: expected another folder than that of a model it is made from, got ';
    await expect(over(transformer, dir)).rejects.toThrow(`${sentence}${dir}`);
    const member = join(dir, 'members', 'transformer');
    await expect(over(member)).rejects.toThrow(`${sentence}${dir}, which holds ${member}`);
    expect(await verifyArtifact(dir)).toMatchObject({ kind: 'cascade' });
  });
});

describe('a training', () => {
  test('names the linear baseline beside its own figures', async () => {
    const { lines, progress } = observe();
    const modelNameOrPath = file('base');
    const options = tinyOptions(
      { trainFile: file('train.csv'), modelNameOrPath, outputDir: file('trained') },
      { testFile: file('test.csv') },
    );
    await train(options, { lines, progress });
    const { validation, test: tested } = (await readManifest(file('trained'))).metrics as Reports;
    expect(Object.keys(validation ?? {})).toEqual(['int8', 'fp32', 'linear baseline']);
    expect(tested?.['linear baseline']).toMatchObject({ n: 40, seen_rows: 0 });
    expect(lines).toContainEqual(expect.stringMatching(/^test, linear baseline \(40 reviews.*accuracy \d/));
  });
});
