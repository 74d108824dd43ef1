import { join } from 'node:path';

import { inferenceModel, saliencyModel } from '@marquee/distilbert';
import { GRAPH_FILES, SALIENCY_FILE } from '@marquee/model-core';

import { type ArtifactWeights, readArtifactWeights } from './artifact-weights.js';
import { enterGoldenInputs, updateManifest } from './artifact-writer.js';
import { writeDurably } from './durable-write.js';
import { findEnclosing, renewEnclosing } from './enclosing-artifact.js';
import type { Progress } from './progress.js';
import { transformerFolders } from './transformer-folders.js';
import { TrainerError } from './trainer-error.js';

/** What can be written anew from an artifact's weights: the fp32 graph, which CUDA and other tools run, and the gradients that explanations need. */
export const EXPORTS = ['fp32', 'saliency'] as const;
export type Export = (typeof EXPORTS)[number];

const FILES: Readonly<Record<Export, string>> = { fp32: GRAPH_FILES.fp32, saliency: SALIENCY_FILE };

const WRITERS: Readonly<Record<Export, (read: ArtifactWeights) => Uint8Array>> = {
  fp32: ({ config, weights }) => inferenceModel(config, weights),
  saliency: ({ config }) => saliencyModel(config),
};

/** Writes graphs of an artifact and enters them in the manifest. Of a blend or cascade, those of its transformers. Throws `INVALID_MODEL` where there is none. */
export async function exportModel(
  dir: string,
  progress: Progress,
  exports: readonly Export[] = EXPORTS,
): Promise<void> {
  const folders = await transformerFolders(dir);
  if (folders.length === 0)
    throw new TrainerError('INVALID_MODEL', `${dir}: expected a transformer, got a linear model`);
  for (const folder of folders) await exportTransformer(folder, progress, exports);
}

async function exportTransformer(dir: string, progress: Progress, exports: readonly Export[]): Promise<void> {
  const files = exports.map((each) => FILES[each]);
  const enclosing = await findEnclosing(dir, files);
  const read = await readArtifactWeights(dir, files);
  const said: string[] = [];
  for (const each of exports) {
    const bytes = WRITERS[each](read);
    await writeDurably(join(dir, FILES[each]), bytes);
    said.push(`${join(dir, FILES[each])}: ${(bytes.length / 1e6).toFixed(2)} MB, entered in manifest.json`);
  }
  const manifest = await updateManifest(dir, read.manifest, files);
  if (exports.includes('fp32')) await enterGoldenInputs(dir, manifest, 'fp32');
  if (enclosing) await renewEnclosing(enclosing);
  said.forEach((line) => progress.say(line));
}
