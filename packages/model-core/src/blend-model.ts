import type { ArtifactSource } from './artifact.js';
import { ModelCoreError } from './errors.js';
import { openLinear } from './linear-model.js';
import { LABELS, MANIFEST_FILE, type ManifestOf } from './manifest-format.js';
import { readMember } from './members.js';
import type { ClassifierInfo, ClassifierOptions, ReviewModel, ReviewScore } from './review-model.js';
import { runtimeVersion } from './runtime.js';
import { openTransformer, type TransformerModel } from './transformer-model.js';

/** The loaded members of a blend or cascade, by name. */
export interface Members {
  readonly all: ReadonlyMap<string, ReviewModel>;
  /** The first member that is one. */
  readonly transformer: TransformerModel;
  close(): Promise<void>;
}

/** Loads every member. Throws `INVALID_MANIFEST` when none is a transformer, and as `loadClassifier`; what was loaded by then is closed. */
export async function openMembers(
  artifact: ArtifactSource,
  names: readonly string[],
  options: ClassifierOptions,
): Promise<Members> {
  const all = new Map<string, ReviewModel>();
  const transformers: TransformerModel[] = [];
  const close = async (): Promise<void> => {
    await Promise.all([...all.values()].map((member) => member.close()));
  };
  try {
    for (const name of names) {
      const member = await readMember(artifact, name);
      const { manifest } = member;
      if (manifest.kind === 'transformer') {
        const transformer = await openTransformer(member, manifest, options);
        transformers.push(transformer);
        all.set(name, transformer);
      } else {
        all.set(name, await openLinear(member, manifest));
      }
    }
    const [transformer] = transformers;
    if (transformer) return { all, transformer, close };
    throw new ModelCoreError('INVALID_MANIFEST', `manifest.json: at least one member must be a transformer`, {
      file: MANIFEST_FILE,
    });
  } catch (error) {
    await close();
    throw error;
  }
}

/** The score of all members together: tokens as the first transformer counts them, `truncated` when any member left some unread. */
export async function scoreBlend(
  { all, transformer }: Members,
  manifest: ManifestOf<'blend' | 'cascade'>,
  text: string,
): Promise<ReviewScore> {
  const { blend, temperature = 1 } = manifest;
  let logit = blend.bias;
  let tokenCount = 0;
  let truncated = false;
  for (const [name, member] of all) {
    const score = await member.score(text);
    logit += blend.weights[name]! * score.logit; // each member is loaded because it has a weight
    truncated ||= score.truncated;
    if (member === transformer) tokenCount = score.tokenCount;
  }
  return { logit: logit / temperature, tokenCount, truncated };
}

export async function openBlend(
  artifact: ArtifactSource,
  manifest: ManifestOf<'blend'>,
  options: ClassifierOptions,
): Promise<ReviewModel> {
  const members = await openMembers(artifact, Object.keys(manifest.blend.weights), options);
  return {
    info: describeMembers(artifact, members),
    score: (text) => scoreBlend(members, manifest, text),
    close: () => members.close(),
  };
}

export function describeMembers({ dir, manifest }: ArtifactSource, { all, transformer }: Members): ClassifierInfo {
  return {
    ...transformer.info,
    dir,
    version: manifest.version,
    kind: manifest.kind,
    modelType: manifest.kind,
    parameters: manifest.parameters,
    labels: LABELS,
    temperature: manifest.temperature ?? 1,
    runtimeVersion: runtimeVersion(),
    members: Object.fromEntries([...all].map(([name, { info }]) => [name, info])),
  };
}
