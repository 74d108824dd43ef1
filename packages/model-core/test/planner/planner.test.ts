import { rm } from 'node:fs/promises';
import { join } from 'node:path';

import {
  TINY_BLEND_DRAFT,
  TINY_DRAFT,
  TINY_VOCAB_SIZE,
  tinyFiles,
  tinyLinearModel,
  tinyMembers,
  writeTinyWhole,
} from '@marquee/fixtures';
import { scoreText } from '@marquee/linear';
import { expect, it } from 'vitest';

import { loadClassifier, loadPlanner, type ReviewPlan } from '../../src/index.js';
import { openArtifact } from '../../src/artifact.js';
import { openPlanner } from '../../src/planner/planner.js';
import type { TransformerPlanner } from '../../src/planner/transformer-planner.js';
import type { ReviewTokenizer } from '../../src/tokenizer.js';
import { temporaryFolder } from '../support/folders.js';
import { writeTinyArtifact } from '../support/tiny-artifact.js';

const sigmoid = (logit: number): number => 1 / (1 + Math.exp(-logit));
const members = (plan: ReviewPlan): string[] => plan.runs.map(({ member }) => member);

it('a transformer plans one run, and its logits over the temperature are the answer', async () => {
  const planner = await loadPlanner(await writeTinyArtifact(tinyFiles(), { temperature: 2 }));
  const plan = planner.plan('good film');
  expect(plan).toMatchObject({ tokenCount: 4, truncated: false, runs: [{ member: '' }] });
  expect(plan.runs[0]?.inputIds).toHaveLength(4);
  expect(plan.conclude([Float32Array.of(-2, 2)])).toEqual({
    sentiment: 'positive',
    confidence: expect.closeTo(sigmoid(2), 12),
    probabilities: { negative: expect.closeTo(sigmoid(-2), 12), positive: expect.closeTo(sigmoid(2), 12) },
    tokenCount: 4,
    truncated: false,
  });
  expect(planner.info).toMatchObject({
    kind: 'transformer',
    vocabSize: TINY_VOCAB_SIZE,
    maxLength: 16,
    temperature: 2,
  });
});

it('a cascade plans no run where its linear model is sure, and the transformer’s where it is not', async () => {
  const planner = await loadPlanner(await writeTinyWhole(await temporaryFolder()));
  const sure = planner.plan('good');
  expect(sure).toMatchObject({ tokenCount: 3, truncated: false, stage: 'linear', runs: [] });
  expect(sure.conclude([])).toMatchObject({ sentiment: 'positive', tokenCount: 3, stage: 'linear' });
  const unsure = planner.plan('the film was fine');
  expect(unsure).toMatchObject({ tokenCount: 6, stage: 'blend' });
  expect(members(unsure)).toEqual(['transformer']);
  const logit = 0.25 + 0.5 * scoreText(tinyLinearModel, 'the film was fine') + 2 * 3;
  expect(unsure.conclude([Float32Array.of(0, 3)]).probabilities.positive).toBeCloseTo(sigmoid(logit), 3);
});

it('a blend plans a run for each transformer, and takes their logits in that order', async () => {
  const { transformer, linear } = tinyMembers() as Record<
    'transformer' | 'linear',
    ReturnType<typeof tinyMembers>[string]
  >;
  const shorter = { files: tinyFiles(), draft: { ...TINY_DRAFT, text: { maxLength: 8, truncation: 'head' } as const } };
  const draft = { ...TINY_BLEND_DRAFT, blend: { weights: { first: 1, linear: 0, second: 10 }, bias: 0.5 } };
  const planner = await loadPlanner(
    await writeTinyWhole(await temporaryFolder(), draft, { first: transformer, linear, second: shorter }),
  );
  const plan = planner.plan('good '.repeat(10));
  expect(plan).toMatchObject({ tokenCount: 12, truncated: true });
  expect(members(plan)).toEqual(['first', 'second']);
  expect(plan.runs.map(({ inputIds }) => inputIds.length)).toEqual([12, 8]);
  const { probabilities } = plan.conclude([Float32Array.of(0, 2), Float32Array.of(0.25, 0)]);
  expect(probabilities.positive).toBeCloseTo(sigmoid(0.5 + 2 - 2.5), 12);
  for (const count of [0, 1, 3]) {
    const logits = Array.from({ length: count }, () => Float32Array.of(0, 1));
    expect(() => plan.conclude(logits)).toThrow(expect.objectContaining({ code: 'INVALID_INPUT' }));
  }
});

it('a planner is loaded without the weights of transformers, and says of the artifact what the classifier says', async () => {
  const dir = await writeTinyWhole(await temporaryFolder());
  const classifier = await loadClassifier(dir, { device: 'cpu' });
  await rm(join(dir, 'members/transformer/onnx'), { recursive: true });
  const { info } = await loadPlanner(dir);
  expect(classifier.info).toMatchObject(info);
  expect(info).toMatchObject({ kind: 'cascade', maxLength: 16, members: { linear: { kind: 'linear' } } });
  await classifier.close();
});

it('versions whose tokenizer files are the same share one tokenizer', async () => {
  const tokenizerOf = async (draft: Partial<typeof TINY_DRAFT>): Promise<ReviewTokenizer> =>
    ((await openPlanner(await openArtifact(await writeTinyArtifact(tinyFiles(), draft)))) as TransformerPlanner)
      .tokenizer;
  const tokenizer = await tokenizerOf({});
  expect(await tokenizerOf({ temperature: 2 })).toBe(tokenizer);
  expect(await tokenizerOf({ text: { maxLength: 8, truncation: 'head' } })).not.toBe(tokenizer);
});
