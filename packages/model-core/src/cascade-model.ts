import type { ArtifactSource } from './artifact.js';
import { describeMembers, type Members, openMembers, scoreBlend } from './blend-model.js';
import { ModelCoreError } from './errors.js';
import { MANIFEST_FILE, type ManifestOf } from './manifest-format.js';
import type { ClassifierOptions, ReviewModel } from './review-model.js';

/** Loads a cascade: the linear member answers the reviews that it is sure of, the blend of all members the rest. */
export async function openCascade(
  artifact: ArtifactSource,
  manifest: ManifestOf<'cascade'>,
  options: ClassifierOptions,
): Promise<ReviewModel> {
  const members = await openMembers(artifact, Object.keys(manifest.blend.weights), options);
  const linear = await theLinearMember(members);
  const { tokenizer } = members.transformer;
  const { threshold } = manifest.cascade;
  return {
    info: describeMembers(artifact, members),
    async score(text) {
      const { logit } = await linear.score(text);
      if (Math.abs(logit) < threshold) return { ...(await scoreBlend(members, manifest, text)), stage: 'blend' };
      // Tokens are those of the other stage, so that a count means the same whoever answers.
      return { logit, tokenCount: tokenizer.encode(text).tokenCount, truncated: false, stage: 'linear' };
    },
    close: () => members.close(),
  };
}

async function theLinearMember(members: Members): Promise<ReviewModel> {
  const [linear, ...others] = [...members.all.values()].filter(({ info }) => info.kind === 'linear');
  if (linear && others.length === 0) return linear;
  await members.close();
  const found = linear ? others.length + 1 : 0;
  throw new ModelCoreError('INVALID_MANIFEST', `manifest.json: a cascade must have one linear member, got ${found}`, {
    file: MANIFEST_FILE,
  });
}
