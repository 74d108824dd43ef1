import { join } from 'node:path';

import { type DistilBertConfig, importWeights, parseConfig, requireHead, type Weights } from '@marquee/distilbert';
import { readArtifact, verifyArtifact, type Manifest } from '@marquee/model-core';
import { decodeSafetensors } from '@marquee/safetensors';

const WEIGHTS_FILE = 'model.safetensors';

export interface ArtifactWeights {
  readonly manifest: Manifest;
  readonly config: DistilBertConfig;
  readonly weights: Weights;
}

/**
 * The weights of an artifact that graphs are generated from. Every file is verified, not this one alone: whoever writes the manifest anew vouches for
 * what it vouched for before.
 */
export async function readArtifactWeights(dir: string): Promise<ArtifactWeights> {
  await verifyArtifact(dir);
  const artifact = await readArtifact(dir, { files: [WEIGHTS_FILE] });
  const subject = join(dir, WEIGHTS_FILE);
  const config = parseConfig(artifact.config, join(dir, 'config.json'));
  const imported = importWeights(decodeSafetensors(artifact.bytes(WEIGHTS_FILE), subject).tensors, config, subject);
  requireHead(imported, subject);
  return { manifest: artifact.manifest, config, weights: imported.weights };
}
