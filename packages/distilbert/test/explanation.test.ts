import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { wordOf, writeExplainedArtifact } from '@marquee/fixtures';
import { type Explainer, loadExplainer, readManifest, SALIENCY_FILE, writeManifest } from '@marquee/model-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { saliencyModel } from '../src/index.js';
import { config, weights } from './support.js';

/** What `oracles/captum.py` recorded of the same weights. */
const captum = JSON.parse(await readFile(new URL('oracles/captum.json', import.meta.url), 'utf8')) as {
  stepsDeviation: number;
  cases: { inputIds: number[]; attributions: number[]; baselineLogit: number; logit: number }[];
};

describe('integrated gradients beside Captum', () => {
  let root: string;
  let dir: string;
  let explainer: Explainer;
  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'explanation-'));
    dir = join(root, 'model');
    await writeExplainedArtifact(dir, config, weights);
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
    const manifest = await readManifest(other);
    await writeManifest(other, manifest, Object.keys(manifest.files));
    const mismatched = await loadExplainer(other, { device: 'cpu', intraOpThreads: 1 });
    await expect(mismatched.explain('w5 w6')).rejects.toMatchObject({ code: 'INVALID_GRAPH', file: SALIENCY_FILE });
    await mismatched.close();
  });
});
