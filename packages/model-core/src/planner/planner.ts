import { type ArtifactSource, openArtifact } from '../artifact.js';
import { openBlendPlanner } from './blend-planner.js';
import { openCascadePlanner } from './cascade-planner.js';
import { openLinearPlanner } from './linear-planner.js';
import { type GoldenRun, type PlannerInfo, type ReviewPlan, type ScorePlanner, toReviewPlan } from './review-plan.js';
import { openTransformerPlanner } from './transformer-planner.js';

/** All of a model but its transformers' weights: tokenizers, linear models, and the arithmetic that joins what the members say. */
export interface ReviewPlanner {
  readonly info: PlannerInfo;
  /** Of all transformers; see `checkGoldenInputs`. */
  readonly goldenRuns: readonly GoldenRun[];
  /**
   * Plans one review, of any string, in time linear in its length. It is synchronous, so a server yields between reviews. Tokens past a transformer's limit are counted as
   * well as those before it, since `tokenCount` is exact everywhere: 10,000 code points take 0.2 ms in prose and at most 4 ms in what is made to be slow.
   */
  plan(text: string): ReviewPlan;
}

/**
 * Loads the planner of an artifact folder of any kind, in some 30 MB: no session is made, no transformer's weights are read. What it reads is verified. Throws a
 * `ModelCoreError`, whose codes stand in errors.ts.
 */
export async function loadPlanner(dir: string): Promise<ReviewPlanner> {
  return createPlanner(await openPlanner(await openArtifact(dir)));
}

export const createPlanner = (model: ScorePlanner): ReviewPlanner => ({
  info: model.info,
  goldenRuns: model.goldenRuns,
  plan: (text) => toReviewPlan(model.plan(text)),
});

export async function openPlanner(artifact: ArtifactSource): Promise<ScorePlanner> {
  const { manifest } = artifact;
  switch (manifest.kind) {
    case 'transformer':
      return openTransformerPlanner(artifact, manifest);
    case 'linear':
      return openLinearPlanner(artifact, manifest);
    case 'blend':
      return openBlendPlanner(artifact, manifest);
    case 'cascade':
      return openCascadePlanner(artifact, manifest);
  }
}
