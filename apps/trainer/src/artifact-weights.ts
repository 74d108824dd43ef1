import { join } from 'node:path';

import { type DistilBertConfig, importWeights, parseConfig, requireHead, type Weights } from '@marquee/distilbert';
import { type ManifestOf, readArtifact, verifyArtifact } from '@marquee/model-core';
import { decodeSafetensors } from '@marquee/safetensors';

import { TrainerError } from './trainer-error.js';

const WEIGHTS_FILE = 'model.safetensors';

export interface ArtifactWeights {
  readonly manifest: ManifestOf<'transformer'>;
  readonly config: DistilBertConfig;
  readonly weights: Weights;
}

/**
 * The weights of an artifact that graphs are generated from. Every file is verified, not this one alone: whoever writes the manifest anew vouches for what it
 * vouched for before. But for those that are renewed: a run that was ended among them left some that the manifest does not know yet, and this one finishes it.
 * Throws `INVALID_MODEL` for an artifact that is no transformer.
 */
export async function readArtifactWeights(dir: string, renewed: readonly string[]): Promise<ArtifactWeights> {
  const { kind } = await verifyArtifact(dir, { except: renewed });
  if (kind !== 'transformer') throw new TrainerError('INVALID_MODEL', `${dir}: expected a transformer, got a ${kind}`);
  const artifact = await readArtifact(dir, { files: [WEIGHTS_FILE] });
  const subject = join(dir, WEIGHTS_FILE);
  const config = parseConfig(artifact.config, join(dir, 'config.json'));
  const imported = importWeights(decodeSafetensors(artifact.bytes(WEIGHTS_FILE), subject).tensors, config, subject);
  requireHead(imported, subject);
  return { manifest: artifact.manifest as ManifestOf<'transformer'>, config, weights: imported.weights };
}
