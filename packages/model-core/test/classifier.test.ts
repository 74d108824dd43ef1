import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { TINY_CONFIG, TINY_VOCAB_SIZE, tinyFiles, tinyGraph, tinyModel, tinyTable } from '@marquee/fixtures';
import { encodeModel, TensorProto_DataLocation } from '@marquee/onnx';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { type Classifier, loadClassifier, loadTransformer, missingCudaLibraries } from '../src/index.js';
import { rewriteManifest, writeTinyArtifact } from './support/tiny-artifact.js';

describe('predict', () => {
  let classifier: Classifier;
  // Not removed by the folder helper until the first test ends: everything was read by then.
  beforeAll(async () => {
    classifier = await loadClassifier(await writeTinyArtifact(), { device: 'cpu', intraOpThreads: 1 });
  });
  afterAll(() => classifier.close());

  it('answers with sentiment, confidence, probabilities and tokens', async () => {
    // [CLS] good film [SEP]: the mean of (0, ∓6, 0, 0) is ∓1.5, so p = 1 / (1 + e^-3).
    const p = 1 / (1 + Math.exp(-3));
    const [prediction] = await classifier.predict(['Good film']);
    expect(prediction).toEqual({
      sentiment: 'positive',
      confidence: expect.closeTo(p, 6),
      probabilities: { negative: expect.closeTo(1 - p, 6), positive: expect.closeTo(p, 6) },
      tokenCount: 4,
      truncated: false,
    });
  });

  it('answers many texts in their order, each as if it were alone', async () => {
    const texts = ['bad', 'good', 'good good good bad', '', 'the film was great'];
    const together = await classifier.predict(texts);
    const alone = [];
    for (const text of texts) alone.push(...(await classifier.predict([text])));
    expect(together).toEqual(alone);
    expect(together.map(({ sentiment }) => sentiment)).toEqual([
      'negative',
      'positive',
      'positive',
      'negative',
      'positive',
    ]);
    expect(await classifier.predict([])).toEqual([]);
  });

  it('says that a long text was cut, and counts all of it', async () => {
    const [prediction] = await classifier.predict(['good '.repeat(14) + 'bad '.repeat(100)]);
    expect(prediction).toMatchObject({ sentiment: 'positive', tokenCount: 116, truncated: true });
  });

  it('answers to text of every kind', async () => {
    const texts = ['', '\u0000', '\ud800', '😀😀', 'سرد 電影', 'a'.repeat(10_000_000), '\u202egood\u202c'];
    const predictions = await classifier.predict(texts);
    for (const { confidence, probabilities } of predictions) {
      expect(confidence).toBeGreaterThanOrEqual(0.5);
      expect(probabilities.negative + probabilities.positive).toBeCloseTo(1, 12);
    }
    expect(predictions.at(-1)?.sentiment).toBe('positive');
  });

  it('gives probabilities for any string', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'binary' }), async (text) => {
        const [prediction] = await classifier.predict([text]);
        expect(prediction?.confidence).toBeGreaterThanOrEqual(0.5);
        expect(prediction?.confidence).toBeLessThanOrEqual(1);
      }),
      { numRuns: 100, seed: 1 },
    );
  });

  it('takes turns when calls overlap', async () => {
    const texts = Array.from({ length: 20 }, (_, index) => (index % 3 === 0 ? 'good' : 'bad'));
    const overlapping = await Promise.all(texts.map((text) => classifier.predict([text])));
    expect(overlapping.flat()).toEqual(await classifier.predict(texts));
  });

  it('refuses what is no list of strings', async () => {
    for (const texts of ['good', undefined, ['good', 7], Array<string>(2)]) {
      await expect(classifier.predict(texts as string[])).rejects.toMatchObject({ code: 'INVALID_INPUT' });
    }
  });
});

describe('classify', () => {
  it('gives the logits of token ids, and refuses ids that no review has', async () => {
    const classifier = await loadTransformer(await writeTinyArtifact());
    expect(await classifier.classify(classifier.tokenizer.encode('good').inputIds)).toEqual(Float32Array.of(-2, 2));
    for (const ids of [[], [-1], [TINY_VOCAB_SIZE], Array<number>(17).fill(1)]) {
      await expect(classifier.classify(Int32Array.from(ids))).rejects.toMatchObject({ code: 'INVALID_INPUT' });
    }
    expect(await classifier.classify(Int32Array.of(0))).toEqual(Float32Array.of(0, 0));
    await classifier.close();
  });

  it('works with a graph that takes no mask', async () => {
    const model = tinyModel(tinyTable());
    const { graph } = model;
    if (!graph) throw new Error('a bug of this test');
    graph.input.pop();
    const ones = graph.node.find((node) => node.opType === 'Cast');
    if (ones) ones.input = ['input_ids']; // stands in for a mask: what matters is that the graph runs
    const classifier = await loadTransformer(
      await writeTinyArtifact(tinyFiles().set('onnx/model_quantized.onnx', encodeModel(model))),
    );
    expect(await classifier.classify(Int32Array.of(1))).toEqual(Float32Array.of(0, 0));
    await classifier.close();
  });

  it('refuses logits that are not finite', async () => {
    const table = tinyTable().fill(3e38);
    const files = tinyFiles().set('onnx/model_quantized.onnx', tinyGraph(table, [10, 0, 0, 10]));
    const classifier = await loadTransformer(await writeTinyArtifact(files));
    await expect(classifier.predict(['good'])).rejects.toMatchObject({ code: 'RUN_FAILED' });
    await classifier.close();
  });
});

describe('a temperature', () => {
  it('flattens probabilities and keeps logits', async () => {
    const classifier = await loadTransformer(await writeTinyArtifact(tinyFiles(), { temperature: 2 }));
    const { inputIds } = classifier.tokenizer.encode('good');
    expect(await classifier.classify(inputIds)).toEqual(Float32Array.of(-2, 2));
    expect((await classifier.predict(['good']))[0]?.confidence).toBeCloseTo(1 / (1 + Math.exp(-2)), 6);
    expect(classifier.info.temperature).toBe(2);
    await classifier.close();
  });
});

describe('close', () => {
  it('lets the run in progress end, refuses all later ones, and may be called twice', async () => {
    const classifier = await loadClassifier(await writeTinyArtifact());
    const first = classifier.predict(['good']);
    await first;
    const waiting = classifier.predict(['bad', 'bad']);
    await Promise.all([
      classifier.close(),
      classifier.close(),
      expect(waiting).rejects.toMatchObject({ code: 'CLOSED' }),
    ]);
    await expect(classifier.predict(['good'])).rejects.toMatchObject({ code: 'CLOSED' });
    await classifier.close();
  });
});

describe('info', () => {
  it('says what runs where, and why not on CUDA', async () => {
    const dir = await writeTinyArtifact();
    const classifier = await loadClassifier(dir);
    expect(classifier.info).toMatchObject({
      dir,
      version: expect.stringMatching(/^[0-9a-f]{12}$/),
      modelType: 'distilbert',
      device: 'cpu',
      graph: 'int8',
      reason: missingCudaLibraries() ?? expect.stringContaining('npm run export'),
      vocabSize: TINY_VOCAB_SIZE,
      maxLength: 16,
      truncation: 'head',
      labels: ['negative', 'positive'],
      temperature: 1,
    });
    await classifier.close();
  });

  it('follows the choice of graph', async () => {
    const dir = await writeTinyArtifact(tinyFiles().set('onnx/model.onnx', tinyGraph(tinyTable())));
    const classifier = await loadClassifier(dir, { device: 'cpu', graph: 'fp32' });
    expect(classifier.info).toMatchObject({ device: 'cpu', graph: 'fp32' });
    expect(classifier.info.reason).toBeUndefined();
    await classifier.close();
  });
});

describe('loadClassifier', () => {
  const graph = 'onnx/model_quantized.onnx';
  const config = (change: object) => JSON.stringify({ ...TINY_CONFIG, ...change });
  const external = tinyModel(tinyTable());
  if (external.graph?.initializer[0]) external.graph.initializer[0].dataLocation = TensorProto_DataLocation.EXTERNAL;

  it.each<[string, string, string, Uint8Array | string]>([
    ['INVALID_JSON', 'a damaged tokenizer.json', 'tokenizer.json', '{"model":'],
    ['INVALID_TOKENIZER', 'a tokenizer.json of another kind', 'tokenizer.json', '{}'],
    ['INVALID_JSON', 'a config.json that is a list', 'config.json', '[]'],
    ['INVALID_CONFIG', 'a config.json without vocab_size', 'config.json', config({ vocab_size: undefined })],
    [
      'INVALID_CONFIG',
      'labels the other way round',
      'config.json',
      config({ id2label: { 0: 'positive', 1: 'negative' } }),
    ],
    [
      'INVALID_CONFIG',
      'fewer positions than the manifest allows',
      'config.json',
      config({ max_position_embeddings: 8 }),
    ],
    ['VOCABULARY_MISMATCH', 'a graph of another vocabulary', graph, tinyGraph(new Float32Array(6))],
    ['EXTERNAL_DATA', 'a graph with data outside', graph, encodeModel(external)],
    ['INVALID_GRAPH', 'a damaged graph', graph, new Uint8Array(100).fill(7)],
  ])('answers %s to %s', async (code, _, file, contents) => {
    const dir = await writeTinyArtifact(tinyFiles().set(file, contents));
    await expect(loadClassifier(dir)).rejects.toMatchObject({ name: 'ModelCoreError', code, file });
  });

  it('answers VOCABULARY_MISMATCH to a tokenizer.json of another size than config.json says', async () => {
    const dir = await writeTinyArtifact(tinyFiles().set('config.json', config({ vocab_size: TINY_VOCAB_SIZE + 1 })));
    await expect(loadClassifier(dir)).rejects.toMatchObject({ code: 'VOCABULARY_MISMATCH', file: 'tokenizer.json' });
  });

  it('answers SESSION_FAILED to a graph that ONNX Runtime refuses', async () => {
    const model = tinyModel(tinyTable());
    model.graph?.node.pop();
    const dir = await writeTinyArtifact(tinyFiles().set(graph, encodeModel(model)));
    await expect(loadClassifier(dir)).rejects.toMatchObject({ code: 'SESSION_FAILED' });
  });

  it.each(['tokenizer.json', 'tokenizer_config.json', 'config.json'])(
    'answers FILE_MISSING without %s',
    async (file) => {
      const files = tinyFiles();
      files.delete(file);
      await expect(loadClassifier(await writeTinyArtifact(files))).rejects.toMatchObject({
        code: 'FILE_MISSING',
        file,
      });
    },
  );

  it('answers GRAPH_UNAVAILABLE without any graph', async () => {
    const files = tinyFiles();
    files.delete(graph);
    await expect(loadClassifier(await writeTinyArtifact(files))).rejects.toMatchObject({ code: 'GRAPH_UNAVAILABLE' });
  });

  it('answers DIGEST_MISMATCH to a file that was exchanged', async () => {
    for (const file of ['config.json', 'tokenizer.json', graph]) {
      const dir = await writeTinyArtifact();
      const bytes = await readFile(join(dir, file));
      bytes[10] = (bytes[10] ?? 0) ^ 1;
      await writeFile(join(dir, file), bytes);
      await expect(loadClassifier(dir)).rejects.toMatchObject({ code: 'DIGEST_MISMATCH', file });
    }
  });

  it('does not read files that the manifest does not list', async () => {
    const dir = await writeTinyArtifact();
    await mkdir(join(dir, 'onnx'), { recursive: true });
    await writeFile(join(dir, 'onnx/model.onnx'), tinyGraph(tinyTable()));
    await expect(loadClassifier(dir, { device: 'cpu', graph: 'fp32' })).rejects.toMatchObject({
      code: 'GRAPH_UNAVAILABLE',
    });
  });

  it('answers UNSUPPORTED_FORMAT to a newer manifest', async () => {
    const dir = await writeTinyArtifact();
    const manifest = JSON.parse(await readFile(join(dir, 'manifest.json'), 'utf8')) as { [key: string]: never };
    await rewriteManifest(dir, { ...manifest, formatVersion: 2 });
    await expect(loadClassifier(dir)).rejects.toMatchObject({ code: 'UNSUPPORTED_FORMAT' });
  });

  it.runIf(missingCudaLibraries())('says what is missing for device "cuda"', async () => {
    await expect(loadClassifier(await writeTinyArtifact(), { device: 'cuda' })).rejects.toMatchObject({
      code: 'DEVICE_UNAVAILABLE',
      message: expect.stringContaining(missingCudaLibraries() ?? ''),
    });
  });
});
