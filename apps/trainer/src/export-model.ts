import { join } from 'node:path';

import { inferenceModel } from '@marquee/distilbert';
import { GRAPH_FILES, memberFile, memberFolder, readManifest, verifyArtifact } from '@marquee/model-core';

import { readArtifactWeights } from './artifact-weights.js';
import { updateManifest } from './artifact-writer.js';
import { writeDurably } from './durable-write.js';
import type { Progress } from './progress.js';

/** Writes an artifact's fp32 graph, which CUDA and other tools run, and enters it in the manifest. Of a blend or cascade, those of its transformers. */
export async function exportModel(dir: string, progress: Progress): Promise<void> {
  const manifest = await verifyArtifact(dir);
  if (!('blend' in manifest)) return exportTransformer(dir, progress);
  const added: string[] = [];
  for (const name of Object.keys(manifest.blend.weights)) {
    const member = join(dir, memberFolder(name));
    if ((await readManifest(member)).kind !== 'transformer') continue;
    await exportTransformer(member, progress);
    added.push(memberFile(name, GRAPH_FILES.fp32));
  }
  await updateManifest(dir, manifest, added);
}

async function exportTransformer(dir: string, progress: Progress): Promise<void> {
  const { manifest, config, weights } = await readArtifactWeights(dir);
  const bytes = inferenceModel(config, weights);
  await writeDurably(join(dir, GRAPH_FILES.fp32), bytes);
  await updateManifest(dir, manifest, [GRAPH_FILES.fp32]);
  progress.say(`${join(dir, GRAPH_FILES.fp32)}: ${(bytes.length / 1e6).toFixed(1)} MB, entered in manifest.json`);
}
