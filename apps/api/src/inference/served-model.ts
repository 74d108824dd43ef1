import { verifyArtifact } from '@marquee/model-core';
import { StartError } from '../lifecycle/start-error.js';

/** An artifact whose every byte was compared with its digest. What it is made of, the process that loads it says. */
export interface ServedModel {
  readonly dir: string;
  readonly version: string;
}

/** Compares every file of the artifact with its digest. Throws StartError MODEL_UNUSABLE. */
export async function openServedModel(dir: string): Promise<ServedModel> {
  try {
    const { version } = await verifyArtifact(dir);
    return { dir, version };
  } catch (cause) {
    throw new StartError('MODEL_UNUSABLE', cause instanceof Error ? cause.message : String(cause), { cause });
  }
}
