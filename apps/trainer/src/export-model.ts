import { join } from 'node:path';

import { importWeights, inferenceModel, parseConfig, requireHead } from '@marquee/distilbert';
import { GRAPH_FILES, readArtifact, verifyArtifact } from '@marquee/model-core';
import { decodeSafetensors } from '@marquee/safetensors';

import { updateManifest } from './artifact-writer.js';
import { writeDurably } from './durable-write.js';
import type { Progress } from './progress.js';

const WEIGHTS_FILE = 'model.safetensors';

/** Writes an artifact's fp32 graph, which CUDA and other tools run, and enters it in the manifest. */
export async function exportModel(dir: string, progress: Progress): Promise<void> {
  // The manifest is written anew: every file that it will vouch for must be what it vouched for before.
  await verifyArtifact(dir);
  const artifact = await readArtifact(dir, { files: [WEIGHTS_FILE] });
  const subject = join(dir, WEIGHTS_FILE);
  const config = parseConfig(artifact.config, join(dir, 'config.json'));
  const imported = importWeights(decodeSafetensors(artifact.bytes(WEIGHTS_FILE), subject).tensors, config, subject);
  requireHead(imported, subject);
  const bytes = inferenceModel(config, imported.weights);
  await writeDurably(join(dir, GRAPH_FILES.fp32), bytes);
  await updateManifest(dir, artifact.manifest, [GRAPH_FILES.fp32]);
  progress.say(`${join(dir, GRAPH_FILES.fp32)}: ${(bytes.length / 1e6).toFixed(1)} MB, entered in manifest.json`);
}
