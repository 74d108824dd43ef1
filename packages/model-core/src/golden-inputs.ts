import type { Engine, EngineInfo } from './engine/engine.js';
import { ModelCoreError } from './errors.js';
import type { ReviewPlanner } from './planner/planner.js';
import type { GoldenRun } from './planner/review-plan.js';

export interface GoldenReport {
  /** How many were judged: those whose logits the manifest has for the graph that runs. */
  readonly judged: number;
  /** The farthest that a logit lay from the recorded one; 0 where none was judged. */
  readonly largestDistance: number;
}

/**
 * Runs the golden inputs of every transformer of an artifact, and compares: each logit within the tolerance that the manifest records, and the label the same, unless
 * the recorded logits lie no further apart than the tolerance. `engine` may be anything that runs what an engine runs, such as a pool of processes. Throws
 * `GOLDEN_MISMATCH` with member, index and distance, and as `run` throws.
 */
export async function checkGoldenInputs(
  { goldenRuns }: Pick<ReviewPlanner, 'goldenRuns'>,
  engine: { readonly info: Pick<EngineInfo, 'members'>; readonly run: Engine['run'] },
): Promise<GoldenReport> {
  let judged = 0;
  let largestDistance = 0;
  for (const golden of goldenRuns) {
    const graph = engine.info.members[golden.member]?.graph;
    const recorded = graph && golden.logits[graph];
    if (!recorded) continue;
    const logits = await engine.run(golden);
    largestDistance = Math.max(largestDistance, judge(golden, recorded, logits, golden.tolerance[graph]));
    judged++;
  }
  return { judged, largestDistance };
}

/** The distance of the logits. Throws `GOLDEN_MISMATCH`. */
function judge(
  { member, index }: GoldenRun,
  recorded: readonly number[],
  logits: Float32Array,
  tolerance: number,
): number {
  const distance = Math.max(...recorded.map((logit, label) => Math.abs(logit - (logits[label] ?? NaN))));
  const subject = `golden input ${index}${member && ` of member "${member}"`}`;
  // Written so that NaN fails.
  if (!(distance <= tolerance)) {
    throw mismatch(
      `${subject}: logits must lie within ${tolerance} of the recorded ones, got a distance of ${distance}`,
    );
  }
  const margin = marginOf(recorded);
  if (Math.abs(margin) > tolerance && margin > 0 !== marginOf(logits) > 0) {
    throw mismatch(`${subject}: must keep its label, got the other one at a distance of ${distance}`);
  }
  return distance;
}

/** Above 0 for a positive label. */
const marginOf = ([negative = NaN, positive = NaN]: ArrayLike<number> & Iterable<number>): number =>
  positive - negative;

const mismatch = (message: string): ModelCoreError => new ModelCoreError('GOLDEN_MISMATCH', message);
