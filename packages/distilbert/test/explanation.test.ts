import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { type Explainer, loadExplainer, SALIENCY_FILE, writeManifest } from '@marquee/model-core';
import { encodeSafetensors } from '@marquee/safetensors';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { exportWeights, inferenceModel, saliencyModel } from '../src/index.js';
import { config, weights } from './support.js';

/** What `oracles/captum.py` recorded of the same weights. */
const captum = JSON.parse(await readFile(new URL('oracles/captum.json', import.meta.url), 'utf8')) as {
  stepsDeviation: number;
  cases: { inputIds: number[]; attributions: number[]; baselineLogit: number; logit: number }[];
};

const SPECIAL = ['[PAD]', '[UNK]', '[CLS]', '[SEP]'];
const wordOf = (id: number): string => SPECIAL[id] ?? `w${id}`;
const VOCABULARY = Object.fromEntries(Array.from({ length: config.vocab_size }, (_, id) => [wordOf(id), id]));

const TOKENIZER = {
  version: '1.0',
  truncation: null,
  padding: null,
  added_tokens: SPECIAL.map((content, id) => {
    return { id, content, special: true, single_word: false, lstrip: false, rstrip: false, normalized: false };
  }),
  normalizer: {
    type: 'BertNormalizer',
    clean_text: true,
    handle_chinese_chars: true,
    strip_accents: null,
    lowercase: true,
  },
  pre_tokenizer: { type: 'BertPreTokenizer' },
  post_processor: {
    type: 'TemplateProcessing',
    single: [
      { SpecialToken: { id: '[CLS]', type_id: 0 } },
      { Sequence: { id: 'A', type_id: 0 } },
      { SpecialToken: { id: '[SEP]', type_id: 0 } },
    ],
    pair: [],
    special_tokens: {
      '[CLS]': { id: '[CLS]', ids: [2], tokens: ['[CLS]'] },
      '[SEP]': { id: '[SEP]', ids: [3], tokens: ['[SEP]'] },
    },
  },
  decoder: { type: 'WordPiece', prefix: '##', cleanup: true },
  model: {
    type: 'WordPiece',
    unk_token: '[UNK]',
    continuing_subword_prefix: '##',
    max_input_chars_per_word: 100,
    vocab: VOCABULARY,
  },
};
const TOKENIZER_CONFIG = {
  tokenizer_class: 'DistilBertTokenizer',
  ...{ unk_token: '[UNK]', sep_token: '[SEP]', pad_token: '[PAD]', cls_token: '[CLS]', mask_token: '[UNK]' },
};

describe('integrated gradients beside Captum', () => {
  let root: string;
  let dir: string;
  let explainer: Explainer;
  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'explanation-'));
    dir = join(root, 'model');
    const files = new Map<string, Uint8Array | string>([
      ['config.json', JSON.stringify(config)],
      ['tokenizer.json', JSON.stringify(TOKENIZER)],
      ['tokenizer_config.json', JSON.stringify(TOKENIZER_CONFIG)],
      ['model.safetensors', encodeSafetensors(exportWeights(weights, 'F32'))],
      ['onnx/model.onnx', inferenceModel(config, weights)],
      [SALIENCY_FILE, saliencyModel(config)],
    ]);
    for (const [path, contents] of files) {
      await mkdir(dirname(join(dir, path)), { recursive: true });
      await writeFile(join(dir, path), contents);
    }
    const text = { maxLength: 24, truncation: 'head' } as const;
    const common = { createdAt: '2026-01-02T03:04:05.000Z', labels: ['negative', 'positive'], parameters: 1 } as const;
    await writeManifest(dir, { kind: 'transformer', text, ...common }, files.keys());
    explainer = await loadExplainer(dir, { device: 'cpu', intraOpThreads: 1 });
  });
  afterAll(async () => {
    await explainer.close();
    await rm(root, { recursive: true });
  });

  const textOf = (inputIds: readonly number[]): string => inputIds.slice(1, -1).map(wordOf).join(' ');

  it('gives the same change of the logit, of the same baseline', async () => {
    for (const { inputIds, logit, baselineLogit } of captum.cases) {
      const { logitChange } = await explainer.explain(textOf(inputIds), { maxSteps: 16 });
      expect(Math.abs(logitChange - (logit - baselineLogit))).toBeLessThan(1e-5);
    }
  });

  it('gives the recorded score of every word to 0.1 % of the largest, at 4,096 steps', async () => {
    for (const { inputIds, attributions } of captum.cases) {
      const found = await explainer.explain(textOf(inputIds), { tolerance: 0, maxSteps: 4096 });
      const largest = Math.max(...attributions.map(Math.abs));
      expect(found.attributions).toHaveLength(inputIds.length - 2);
      found.attributions.forEach(({ score, word }, place) => {
        expect(word).toBe(wordOf(inputIds[place + 1] ?? NaN));
        expect(Math.abs(score - (attributions[place + 1] ?? NaN)) / largest, word).toBeLessThan(1e-3);
      });
      expect(found.steps).toBe(4096);
    }
  });

  it('stops where the gap is 1 % of the change, near the recorded scores, with every point used', async () => {
    for (const { inputIds, attributions } of captum.cases) {
      const found = await explainer.explain(textOf(inputIds));
      const sum = found.attributions.reduce((total, { score }) => total + score, 0);
      expect(found.completenessGap).toBeCloseTo(Math.abs(sum - found.logitChange), 12);
      expect(found.completenessGap).toBeLessThanOrEqual(Math.max(0.01 * Math.abs(found.logitChange), 0.01));
      expect(found.converged).toBe(true);
      expect(found.cost).toBe(inputIds.length * (found.steps + 1));
      const largest = Math.max(...attributions.map(Math.abs));
      found.attributions.forEach(({ score }, place) =>
        expect(Math.abs(score - (attributions[place + 1] ?? NaN)) / largest).toBeLessThan(0.05),
      );
    }
  });

  it('says that it has not converged at so few steps, or when its time is up', async () => {
    const text = textOf(captum.cases[2]?.inputIds ?? []);
    expect(await explainer.explain(text, { tolerance: 0, maxSteps: 32 })).toMatchObject({
      converged: false,
      steps: 32,
    });
    await expect(explainer.explain(text, { timeoutMs: 1e-6 })).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' });
  });

  it('is refused when graph and weights do not fit together', async () => {
    const other = join(root, 'other');
    await cp(dir, other, { recursive: true });
    await writeFile(join(other, SALIENCY_FILE), saliencyModel({ ...config, hidden_dim: config.hidden_dim + 8 }));
    const { kind, text, createdAt, labels, parameters, files } = JSON.parse(
      await readFile(join(other, 'manifest.json'), 'utf8'),
    ) as Parameters<typeof writeManifest>[1] & { files: object };
    await writeManifest(other, { kind, text, createdAt, labels, parameters } as never, Object.keys(files));
    const mismatched = await loadExplainer(other, { device: 'cpu', intraOpThreads: 1 });
    await expect(mismatched.explain('w5 w6')).rejects.toMatchObject({ code: 'INVALID_GRAPH', file: SALIENCY_FILE });
    await mismatched.close();
  });
});
