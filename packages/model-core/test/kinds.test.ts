import { cp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';

import {
  TINY_BLEND_DRAFT,
  TINY_CASCADE_DRAFT,
  TINY_DRAFT,
  TINY_LINEAR_DRAFT,
  tinyFiles,
  tinyLinearFiles,
  tinyLinearModel,
  tinyMembers,
  writeArtifact,
  writeTinyWhole,
} from '@marquee/fixtures';
import { scoreText } from '@marquee/linear';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import {
  type Classifier,
  LINEAR_FILE,
  loadClassifier,
  loadTransformer,
  parseManifest,
  readArtifact,
  readManifest,
  verifyArtifact,
  writeManifest,
} from '../src/index.js';
import { temporaryFolder } from './support/folders.js';
import { rewriteManifest, writeTinyArtifact } from './support/tiny-artifact.js';

const sigmoid = (logit: number): number => 1 / (1 + Math.exp(-logit));

async function writeTinyLinear(files = tinyLinearFiles(), draft = TINY_LINEAR_DRAFT): Promise<string> {
  const dir = await temporaryFolder();
  await writeArtifact(dir, files, draft);
  return dir;
}

/** Positive probabilities of texts. */
async function positives(classifier: Classifier, texts: readonly string[]): Promise<number[]> {
  return (await classifier.predict(texts)).map(({ probabilities }) => probabilities.positive);
}

describe('a linear artifact', () => {
  it('answers as its model scores, reads everything, and counts words', async () => {
    const classifier = await loadClassifier(await writeTinyLinear(), { device: 'cpu', graph: 'int8' });
    const texts = ['a good film', 'bad!', '', 'film '.repeat(5000)];
    const predictions = await classifier.predict(texts);
    predictions.forEach(({ probabilities }, row) => {
      // Weights are stored in F16.
      expect(probabilities.positive).toBeCloseTo(sigmoid(scoreText(tinyLinearModel, texts[row] ?? '')), 3);
    });
    expect(predictions.map(({ sentiment }) => sentiment).slice(0, 2)).toEqual(['positive', 'negative']);
    expect(predictions.map(({ tokenCount }) => tokenCount)).toEqual([3, 2, 0, 5000]);
    expect(predictions.map(({ truncated }) => truncated)).toEqual([false, false, false, false]);
    expect(predictions.every((prediction) => !('stage' in prediction))).toBe(true);
    expect(classifier.info).toMatchObject({ kind: 'linear', modelType: 'linear', device: 'cpu', parameters: 1048577 });
    expect(classifier.info.maxLength).toBeUndefined();
    await classifier.close();
    await expect(classifier.predict(['good'])).rejects.toMatchObject({ code: 'CLOSED' });
  });

  it('lets other events be seen while it answers many texts', async () => {
    const classifier = await loadClassifier(await writeTinyLinear());
    const texts = Array<string>(3000).fill('a good film '.repeat(50)); // some 100 ms
    const answering = classifier.predict(texts);
    expect(await Promise.race([answering, setImmediate('other')])).toBe('other');
    expect(await answering).toHaveLength(3000);
    await classifier.close();
  });

  it('divides its logit by the temperature', async () => {
    const plain = await loadClassifier(await writeTinyLinear());
    const tempered = await loadClassifier(await writeTinyLinear(undefined, { ...TINY_LINEAR_DRAFT, temperature: 2 }));
    const [p = NaN] = await positives(plain, ['good']);
    const [q = NaN] = await positives(tempered, ['good']);
    expect(Math.log(q / (1 - q))).toBeCloseTo(Math.log(p / (1 - p)) / 2, 9);
  });

  it('is refused with other bytes, damaged bytes, no file, on CUDA, and where a transformer is needed', async () => {
    const other = new Map<string, Uint8Array | string>([[LINEAR_FILE, 'no safetensors']]);
    await expect(loadClassifier(await writeTinyLinear(other))).rejects.toMatchObject({
      name: 'ModelCoreError',
      code: 'INVALID_WEIGHTS',
      file: LINEAR_FILE,
    });
    const dir = await writeTinyLinear();
    await expect(loadClassifier(dir, { device: 'cuda' })).rejects.toMatchObject({ code: 'DEVICE_UNAVAILABLE' });
    await expect(loadTransformer(dir)).rejects.toMatchObject({ code: 'UNSUPPORTED_FORMAT' });
    await rm(join(dir, LINEAR_FILE));
    await expect(loadClassifier(dir)).rejects.toMatchObject({ code: 'FILE_MISSING', file: LINEAR_FILE });
    await writeFile(join(dir, LINEAR_FILE), 'x');
    await expect(loadClassifier(dir)).rejects.toMatchObject({ code: 'DIGEST_MISMATCH', file: LINEAR_FILE });
  });
});

describe('a blend', () => {
  let blend: Classifier;
  let dir: string;
  beforeAll(async () => {
    dir = await writeTinyWhole(await temporaryFolder(), TINY_BLEND_DRAFT);
    blend = await loadClassifier(dir, { device: 'cpu', intraOpThreads: 1 });
    await verifyArtifact(dir);
  });
  afterAll(() => blend.close());

  it('weighs the logits of its members and adds its bias', async () => {
    const transformer = await loadTransformer(await writeTinyArtifact(), { device: 'cpu' });
    for (const text of ['good film', 'bad', 'the film', '']) {
      const [negative = NaN, positive = NaN] = await transformer.classify(transformer.tokenizer.encode(text).inputIds);
      const logit = 0.25 + 0.5 * scoreText(tinyLinearModel, text) + 2 * (positive - negative);
      expect((await positives(blend, [text]))[0]).toBeCloseTo(sigmoid(logit), 3);
    }
    await transformer.close();
  });

  it('says of tokens what its transformer says, and what it is made of', async () => {
    expect(await blend.predict(['good film', 'bad '.repeat(100)])).toMatchObject([
      { tokenCount: 4, truncated: false },
      { tokenCount: 102, truncated: true },
    ]);
    expect(blend.info).toMatchObject({
      dir: expect.any(String),
      kind: 'blend',
      modelType: 'blend',
      graph: 'int8',
      maxLength: 16,
      parameters: 100,
      members: { linear: { kind: 'linear' }, transformer: { kind: 'transformer', modelType: 'distilbert' } },
    });
  });

  it('answers in the order of the texts when calls overlap', async () => {
    const texts = Array.from({ length: 12 }, (_, index) => (index % 3 === 0 ? 'good' : 'bad'));
    const overlapping = await Promise.all(texts.map((text) => blend.predict([text])));
    expect(overlapping.flat()).toEqual(await blend.predict(texts));
  });
});

describe('a cascade', () => {
  let cascade: Classifier;
  beforeAll(async () => {
    cascade = await loadClassifier(await writeTinyWhole(await temporaryFolder()), { device: 'cpu' });
  });
  afterAll(() => cascade.close());

  it('lets the linear model answer where its logit reaches the threshold, the blend elsewhere, and says so', async () => {
    const texts = ['good', 'bad', 'the film was fine', 'good bad'];
    expect(texts.map((text) => Math.abs(scoreText(tinyLinearModel, text)) >= 1)).toEqual([true, true, false, false]);
    const predictions = await cascade.predict(texts);
    expect(predictions.map(({ stage }) => stage)).toEqual(['linear', 'linear', 'blend', 'blend']);
    const blend = await loadClassifier(await writeTinyWhole(await temporaryFolder(), TINY_BLEND_DRAFT));
    const linear = await loadClassifier(await writeTinyLinear());
    const [, , ...blended] = await positives(blend, texts);
    const [good, bad] = await positives(linear, texts);
    expect(await positives(cascade, texts)).toEqual([good, bad, ...blended]);
    await Promise.all([blend.close(), linear.close()]);
  });

  it('counts tokens alike at both stages, and calls nothing cut that the linear model has read', async () => {
    expect(await cascade.predict(['good '.repeat(100), 'film '.repeat(100)])).toMatchObject([
      { stage: 'linear', tokenCount: 102, truncated: false },
      { stage: 'blend', tokenCount: 102, truncated: true },
    ]);
  });

  it('with threshold 0 always answers with the linear model', async () => {
    const dir = await writeTinyWhole(await temporaryFolder(), { ...TINY_CASCADE_DRAFT, cascade: { threshold: 0 } });
    const classifier = await loadClassifier(dir, { device: 'cpu' });
    expect((await classifier.predict(['', 'film']))[0]?.stage).toBe('linear');
    await classifier.close();
  });

  it('passes the choice of graph and device on to its transformer', async () => {
    const dir = await writeTinyWhole(await temporaryFolder());
    await expect(loadClassifier(dir, { device: 'cpu', graph: 'fp32' })).rejects.toMatchObject({
      code: 'GRAPH_UNAVAILABLE',
      message: expect.stringContaining(join('members', 'transformer')),
    });
    await expect(loadClassifier(dir, { device: 'cuda' })).rejects.toMatchObject({
      code: expect.stringMatching(/^(DEVICE|GRAPH)_UNAVAILABLE$/),
    });
  });
});

describe('members', () => {
  const { linear, transformer } = tinyMembers() as Record<
    'linear' | 'transformer',
    ReturnType<typeof tinyMembers>[string]
  >;
  const rule = (...names: string[]) => ({ weights: Object.fromEntries(names.map((name) => [name, 1])), bias: 0 });

  it.each(['manifest.json', 'tokenizer.json', 'onnx/model_quantized.onnx'])(
    'are refused with another %s than the whole was made with',
    async (file) => {
      const dir = await writeTinyWhole(await temporaryFolder());
      const path = join(dir, 'members/transformer', file);
      await writeFile(path, `${await readFile(path, 'utf8')} `);
      const refusal = { code: 'DIGEST_MISMATCH', file: `members/transformer/${file}` };
      await expect(loadClassifier(dir)).rejects.toMatchObject(refusal);
      await expect(verifyArtifact(dir)).rejects.toMatchObject(refusal);
    },
  );

  it('are refused when a folder is missing, or a link leads out', async () => {
    const dir = await writeTinyWhole(await temporaryFolder());
    await rm(join(dir, 'members/linear'), { recursive: true });
    await expect(loadClassifier(dir)).rejects.toMatchObject({
      code: 'FILE_MISSING',
      file: 'members/linear/manifest.json',
    });
    await symlink(await writeTinyLinear(), join(dir, 'members/linear'));
    await expect(loadClassifier(dir)).rejects.toMatchObject({ code: 'UNSAFE_PATH' });
  });

  it('load no file that the manifest of the whole does not list, whatever their own says', async () => {
    const dir = await writeTinyWhole(await temporaryFolder());
    const manifest = await readManifest(dir);
    const { [`members/linear/${LINEAR_FILE}`]: _, ...files } = manifest.files;
    await rewriteManifest(dir, { ...manifest, files });
    await expect(loadClassifier(dir)).rejects.toMatchObject({
      code: 'FILE_MISSING',
      file: `members/linear/${LINEAR_FILE}`,
    });
  });

  it('have no members themselves', async () => {
    const inner = await writeTinyWhole(await temporaryFolder(), TINY_BLEND_DRAFT);
    const whole = { ...TINY_BLEND_DRAFT, blend: rule('linear', 'nested') };
    const dir = await writeTinyWhole(await temporaryFolder(), whole, { linear, nested: linear });
    await cp(inner, join(dir, 'members/nested'), { recursive: true });
    await writeManifest(dir, whole, Object.keys((await readManifest(dir)).files));
    await expect(loadClassifier(dir)).rejects.toMatchObject({
      code: 'INVALID_MANIFEST',
      file: 'members/nested/manifest.json',
      message: 'members/nested/manifest.json: kind must be transformer or linear, got blend',
    });
  });

  it.each<[string, Record<string, typeof linear>, 'blend' | 'cascade']>([
    ['at least one member must be a transformer', { a: linear, b: linear }, 'blend'],
    ['a cascade must have one linear member, got 0', { a: transformer, b: transformer }, 'cascade'],
    ['a cascade must have one linear member, got 2', { a: linear, b: linear, c: transformer }, 'cascade'],
  ])('must fit the kind: %s', async (message, members, kind) => {
    const draft = {
      ...(kind === 'blend' ? TINY_BLEND_DRAFT : TINY_CASCADE_DRAFT),
      blend: rule(...Object.keys(members)),
    };
    const dir = await writeTinyWhole(await temporaryFolder(), draft, members);
    await expect(loadClassifier(dir)).rejects.toMatchObject({
      code: 'INVALID_MANIFEST',
      message: `manifest.json: ${message}`,
    });
  });

  it('may be several transformers: a text is cut when one of them did not read all of it', async () => {
    const shorter = {
      files: tinyFiles(),
      draft: { ...TINY_DRAFT, text: { maxLength: 8, truncation: 'head' } as const },
    };
    const draft = { ...TINY_BLEND_DRAFT, blend: rule('first', 'second') };
    const dir = await writeTinyWhole(await temporaryFolder(), draft, { first: transformer, second: shorter });
    const classifier = await loadClassifier(dir, { device: 'cpu' });
    expect((await classifier.predict(['good '.repeat(10)]))[0]).toMatchObject({ tokenCount: 12, truncated: true });
    await classifier.close();
  });
});

describe('the manifest of a blend or cascade', () => {
  const files = Object.fromEntries(
    ['a', 'b'].map((name) => [`members/${name}/manifest.json`, { sizeBytes: 1, sha256: 'a'.repeat(64) }]),
  );
  const VALID = {
    formatVersion: 1,
    kind: 'cascade',
    version: '0123456789ab',
    createdAt: '2026-01-02T03:04:05.000Z',
    files,
    labels: ['negative', 'positive'],
    parameters: 10,
    blend: { weights: { a: 0.5, b: -1 }, bias: 0 },
    cascade: { threshold: 2 },
  };

  it('needs no text, and a manifest without a kind is a transformer’s', () => {
    expect(parseManifest(VALID)).toEqual(VALID);
    const { kind: _, ...rest } = VALID;
    const old = { ...rest, text: { maxLength: 9, truncation: 'head' } };
    expect(parseManifest(old)).toEqual({ ...old, kind: 'transformer' });
    expect(() => parseManifest(rest)).toThrow('text must be an object');
  });

  it.each<[string, object]>([
    ['blend.weights must be an object', { blend: undefined }],
    ['blend.weights must be an object', { blend: { weights: [1, 2], bias: 0 } }],
    ['blend.weights must name at least two members', { blend: { weights: { a: 1 }, bias: 0 } }],
    ['blend.weights.b must be a number', { blend: { weights: { a: 1, b: null }, bias: 0 } }],
    ['blend.weights.b must be a number', { blend: { weights: { a: 1, b: '1' }, bias: 0 } }],
    ['blend.weights.a must be a number', { blend: { weights: { a: Infinity, b: 1 }, bias: 0 } }],
    ['blend.bias must be a number', { blend: { weights: { a: 1, b: 1 } } }],
    ['files must list members/c/manifest.json', { blend: { weights: { a: 1, c: 1 }, bias: 0 } }],
    ...['../a', 'a/b', '', 'A', '.', 'a'.repeat(33), '-a', 'constructor\0'].map((name): [string, object] => [
      'a member must have a name',
      { blend: { weights: { a: 1, [name]: 1 }, bias: 0 } },
    ]),
    ['files must list members/constructor/manifest.json', { blend: { weights: { a: 1, constructor: 1 }, bias: 0 } }],
    ['cascade.threshold must be a number of at least 0', { cascade: undefined }],
    ['cascade.threshold must be a number of at least 0', { cascade: { threshold: -1 } }],
    ['cascade.threshold must be a number of at least 0', { cascade: { threshold: NaN } }],
  ])('is refused: %s', (message, changes) => {
    expect(() => parseManifest({ ...VALID, ...changes })).toThrow(
      expect.objectContaining({ code: 'INVALID_MANIFEST', message: expect.stringContaining(message) }),
    );
  });
});

it('an artifact without config.json is read with an empty configuration', async () => {
  expect((await readArtifact(await writeTinyLinear())).config).toEqual({});
});
