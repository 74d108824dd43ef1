import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import {
  loadExplainer,
  memberFolder,
  readArtifact,
  readManifest,
  SALIENCY_FILE,
  writeManifest,
} from '@marquee/model-core';
import { expect, it } from 'vitest';

import { parseConfig, saliencyModel } from '../src/index.js';

const SHIPPED = fileURLToPath(new URL('../../../artifacts/marquee', import.meta.url));

/** Ten reviews of our own of at most 64 tokens. */
const REVIEWS = [
  'A triumph from start to finish.',
  'The plot is thin and the jokes are old, but the two leads are a joy to watch.',
  'I wanted to leave after twenty minutes. I should have.',
  'Not bad at all for a first film: the ending surprised me, and the music is lovely.',
  'Dull, endless and badly acted. A waste of a good cast.',
  'My daughter laughed all the way through; I fell asleep twice. Make of that what you will.',
  'Beautifully shot, carefully written and quietly devastating. One of the best films of the year.',
  'Every scene explains the one before it. Nobody needed this sequel.',
  'It is neither as clever as it thinks nor as stupid as it looks.',
  'The first hour drags, the second one soars. Stay for the second one!',
];

/** The folder of the transformer that ships, which may be a member of what ships. */
async function shippedTransformer(): Promise<string> {
  const manifest = await readManifest(SHIPPED);
  if (!('blend' in manifest)) return SHIPPED;
  for (const name of Object.keys(manifest.blend.weights)) {
    const folder = join(SHIPPED, memberFolder(name));
    if ((await readManifest(folder)).kind === 'transformer') return folder;
  }
  throw new Error('a blend has a transformer');
}

/** The shipped transformer, to which gradients are added where it was made before there were any. */
async function explainedModel(root: string): Promise<string> {
  const shipped = await shippedTransformer();
  const manifest = await readManifest(shipped);
  if (SALIENCY_FILE in manifest.files) return shipped;
  const { config } = await readArtifact(shipped, { files: [] });
  const dir = join(root, 'model');
  await cp(shipped, dir, { recursive: true });
  await writeFile(join(dir, SALIENCY_FILE), saliencyModel(parseConfig(config)));
  await writeManifest(dir, manifest, [...Object.keys(manifest.files), SALIENCY_FILE]);
  return dir;
}

it('explanations of the shipped model close their gap on ten reviews, and name the words that decide', async () => {
  const root = await mkdtemp(join(tmpdir(), 'explained-'));
  const explainer = await loadExplainer(await explainedModel(root), { device: 'cpu', intraOpThreads: 1 });
  const topWords: string[] = [];
  let converged = 0;
  for (const review of REVIEWS) {
    const { attributions, completenessGap, logitChange, prediction, ...found } = await explainer.explain(review, {
      timeoutMs: 240_000,
    });
    expect(prediction.tokenCount).toBeLessThanOrEqual(64);
    expect(found.converged).toBe(completenessGap <= Math.max(0.01 * Math.abs(logitChange), 0.01));
    for (const { word, start, end } of attributions) expect(review.slice(start, end)).toBe(word);
    converged += Number(found.converged);
    topWords.push(attributions.toSorted((a, b) => Math.abs(b.score) - Math.abs(a.score))[0]?.word ?? '');
  }
  await explainer.close();
  await rm(root, { recursive: true });
  expect(converged).toBeGreaterThanOrEqual(9);
  expect(topWords[4]).toMatch(/Dull|badly|waste/);
}, 300_000);
