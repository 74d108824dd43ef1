import type { ArtifactSource } from '../artifact.js';
import { LABELS, type ManifestOf } from '../manifest-format.js';
import { readMembers } from '../members.js';
import { type LinearPlanner, openLinearPlanner } from './linear-planner.js';
import type { GoldenRun, PlannerInfo, ScorePlan, ScorePlanner } from './review-plan.js';
import { openTransformerPlanner, type TransformerPlanner } from './transformer-planner.js';

/** The planners of a blend's or cascade's members, by name. */
export interface MemberPlanners {
  readonly all: ReadonlyMap<string, TransformerPlanner | LinearPlanner>;
  /** The first member that is one. */
  readonly transformer: TransformerPlanner;
  /** The linear models: one in a cascade, any number in a blend. */
  readonly linear: readonly LinearPlanner[];
}

/** Throws as `readMembers` and `loadPlanner`. */
export async function openMemberPlanners(
  artifact: ArtifactSource,
  manifest: ManifestOf<'blend' | 'cascade'>,
): Promise<MemberPlanners> {
  const all = new Map<string, TransformerPlanner | LinearPlanner>();
  const transformers: TransformerPlanner[] = [];
  const linear: LinearPlanner[] = [];
  for (const [name, member] of await readMembers(artifact, manifest)) {
    if (member.manifest.kind === 'transformer') {
      const planner = await openTransformerPlanner(member, member.manifest, name);
      transformers.push(planner);
      all.set(name, planner);
    } else {
      const planner = await openLinearPlanner(member, member.manifest);
      linear.push(planner);
      all.set(name, planner);
    }
  }
  return { all, transformer: transformers[0]!, linear }; // readMembers found a transformer
}

export async function openBlendPlanner(artifact: ArtifactSource, manifest: ManifestOf<'blend'>): Promise<ScorePlanner> {
  return createBlendPlanner(artifact, manifest, await openMemberPlanners(artifact, manifest));
}

export function createBlendPlanner(
  artifact: ArtifactSource,
  manifest: ManifestOf<'blend'>,
  members: MemberPlanners,
): ScorePlanner {
  return {
    info: describeMembers(artifact, members),
    goldenRuns: goldenRunsOf(members),
    plan: (text) => planBlend(members, manifest, (member) => member.plan(text)),
  };
}

/** Plans of all members as one: tokens as the first transformer counts them, `truncated` when any member left some unread. */
export function planBlend(
  { all, transformer }: MemberPlanners,
  { blend, temperature = 1 }: ManifestOf<'blend' | 'cascade'>,
  planOf: (member: ScorePlanner) => ScorePlan,
): ScorePlan {
  const parts: { readonly weight: number; readonly plan: ScorePlan }[] = [];
  let tokenCount = 0;
  for (const [name, member] of all) {
    const plan = planOf(member);
    parts.push({ weight: blend.weights[name]!, plan }); // each member is loaded because it has a weight
    if (member === transformer) tokenCount = plan.tokenCount;
  }
  return {
    tokenCount,
    truncated: parts.some(({ plan }) => plan.truncated),
    runs: parts.flatMap(({ plan }) => plan.runs),
    score(logits) {
      let logit = blend.bias;
      let first = 0;
      for (const { weight, plan } of parts) {
        const next = first + plan.runs.length;
        logit += weight * plan.score(logits.slice(first, next));
        first = next;
      }
      return logit / temperature;
    },
  };
}

export const goldenRunsOf = ({ all }: MemberPlanners): GoldenRun[] =>
  [...all.values()].flatMap((member) => member.goldenRuns);

export function describeMembers({ dir, manifest }: ArtifactSource, { all, transformer }: MemberPlanners): PlannerInfo {
  return {
    ...transformer.info,
    dir,
    version: manifest.version,
    kind: manifest.kind,
    modelType: manifest.kind,
    parameters: manifest.parameters,
    labels: LABELS,
    temperature: manifest.temperature ?? 1,
    members: Object.fromEntries([...all].map(([name, { info }]) => [name, info])),
  };
}
