import type { ArtifactSource } from '../artifact.js';
import type { ManifestOf } from '../manifest-format.js';
import { describeMembers, goldenRunsOf, type MemberPlanners, openMemberPlanners, planBlend } from './blend-planner.js';
import type { ScorePlanner } from './review-plan.js';

/** Loads a cascade: the linear member answers the reviews that it is sure of, the blend of all members the rest. */
export async function openCascadePlanner(
  artifact: ArtifactSource,
  manifest: ManifestOf<'cascade'>,
): Promise<ScorePlanner> {
  return createCascadePlanner(artifact, manifest, await openMemberPlanners(artifact, manifest));
}

export function createCascadePlanner(
  artifact: ArtifactSource,
  manifest: ManifestOf<'cascade'>,
  members: MemberPlanners,
): ScorePlanner {
  const { tokenizer } = members.transformer;
  const linear = members.linear[0]!; // readMembers found exactly one
  const { threshold } = manifest.cascade;
  return {
    info: describeMembers(artifact, members),
    goldenRuns: goldenRunsOf(members),
    plan(text) {
      const linearPlan = linear.plan(text);
      if (Math.abs(linearPlan.score([])) < threshold) {
        const planOf = (member: ScorePlanner) => (member === linear ? linearPlan : member.plan(text));
        return { ...planBlend(members, manifest, planOf), stage: 'blend' };
      }
      // Tokens are those of the other stage, so that a count means the same whoever answers.
      return { ...linearPlan, tokenCount: tokenizer.encode(text).tokenCount, stage: 'linear' };
    },
  };
}
