import { decodeLinearModel, LinearError, type LinearModel, scoreWords, splitWords } from '@marquee/linear';

import type { ArtifactSource } from '../artifact.js';
import { ModelCoreError } from '../errors.js';
import { LABELS, type ManifestOf } from '../manifest-format.js';
import type { ScorePlanner } from './review-plan.js';

/** The weights of a linear artifact. */
export const LINEAR_FILE = 'linear.safetensors';

export interface LinearPlanner extends ScorePlanner {
  readonly model: LinearModel;
}

/** Loads a linear model, which reads the whole of every review and counts its words as tokens. Throws `INVALID_WEIGHTS`. */
export async function openLinearPlanner(
  artifact: ArtifactSource,
  manifest: ManifestOf<'linear'>,
): Promise<LinearPlanner> {
  const model = decode(await artifact.load(LINEAR_FILE));
  const { version, parameters, temperature = 1 } = manifest;
  return {
    model,
    info: { dir: artifact.dir, version, kind: 'linear', modelType: 'linear', parameters, labels: LABELS, temperature },
    goldenRuns: [],
    plan(text) {
      const words = splitWords(text);
      const logit = scoreWords(model, words) / temperature;
      return { tokenCount: words.length, truncated: false, runs: [], score: () => logit };
    },
  };
}

function decode(bytes: Uint8Array): LinearModel {
  try {
    return decodeLinearModel(bytes, LINEAR_FILE);
  } catch (cause) {
    if (!(cause instanceof LinearError)) throw cause;
    throw new ModelCoreError('INVALID_WEIGHTS', cause.message, { file: LINEAR_FILE, cause });
  }
}
