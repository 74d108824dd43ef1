import { join } from 'node:path';

import { inferenceModel, saliencyModel } from '@marquee/distilbert';
import {
  GRAPH_FILES,
  memberFile,
  memberFolder,
  readManifest,
  SALIENCY_FILE,
  verifyArtifact,
} from '@marquee/model-core';

import { type ArtifactWeights, readArtifactWeights } from './artifact-weights.js';
import { updateManifest } from './artifact-writer.js';
import { writeDurably } from './durable-write.js';
import type { Progress } from './progress.js';

/** What can be written anew from an artifact's weights: the fp32 graph, which CUDA and other tools run, and the gradients that explanations need. */
export const EXPORTS = ['fp32', 'saliency'] as const;
export type Export = (typeof EXPORTS)[number];

const FILES: Readonly<Record<Export, string>> = { fp32: GRAPH_FILES.fp32, saliency: SALIENCY_FILE };

const WRITERS: Readonly<Record<Export, (read: ArtifactWeights) => Uint8Array>> = {
  fp32: ({ config, weights }) => inferenceModel(config, weights),
  saliency: ({ config }) => saliencyModel(config),
};

/** Writes graphs of an artifact and enters them in the manifest. Of a blend or cascade, those of its transformers. */
export async function exportModel(
  dir: string,
  progress: Progress,
  exports: readonly Export[] = EXPORTS,
): Promise<void> {
  const manifest = await verifyArtifact(dir);
  if (!('blend' in manifest)) return exportTransformer(dir, progress, exports);
  const added: string[] = [];
  for (const name of Object.keys(manifest.blend.weights)) {
    const member = join(dir, memberFolder(name));
    if ((await readManifest(member)).kind !== 'transformer') continue;
    await exportTransformer(member, progress, exports);
    added.push(...exports.map((each) => memberFile(name, FILES[each])));
  }
  await updateManifest(dir, manifest, added);
}

async function exportTransformer(dir: string, progress: Progress, exports: readonly Export[]): Promise<void> {
  const read = await readArtifactWeights(dir);
  const said: string[] = [];
  for (const each of exports) {
    const bytes = WRITERS[each](read);
    await writeDurably(join(dir, FILES[each]), bytes);
    said.push(`${join(dir, FILES[each])}: ${(bytes.length / 1e6).toFixed(1)} MB, entered in manifest.json`);
  }
  await updateManifest(
    dir,
    read.manifest,
    exports.map((each) => FILES[each]),
  );
  said.forEach((line) => progress.say(line));
}
