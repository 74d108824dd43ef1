import { join } from 'node:path';

import type { Weights } from '@marquee/distilbert';

import { checkpointName, loadCheckpoint } from './checkpoint.js';
import { bestStep, type Evaluation, metricOf, selectModel } from './model-selection.js';
import type { Training } from './prepare-training.js';
import { selectionRule } from './train-options.js';
import type { FinishedRun } from './training-run.js';
import { modelParameters, skippedSteps } from './training-state.js';

/** The model that a training ends with, and how it came to be. */
export interface ChosenModel {
  readonly weights: Weights;
  readonly evaluations: readonly Evaluation[];
  readonly steps: number;
  /** Steps without an update, since float16 could not hold their gradients; absent in float32. */
  readonly skippedSteps?: number;
  /** Whether training ended because the metric no longer improved. */
  readonly stoppedEarly: boolean;
  /** The step that did best on the validation reviews, and its value of the metric; absent without such reviews. */
  readonly bestStep?: number;
  readonly bestMetric?: number;
}

/** Takes the best model, or the last one where that was asked for or none was evaluated. */
export async function chooseModel(
  { options, execution, model, plan, progress }: Training,
  { state, evaluations }: FinishedRun,
): Promise<ChosenModel> {
  const rule = selectionRule(options);
  const { best } = selectModel(evaluations, rule);
  const chosen = bestStep(evaluations, rule) ?? state.step;
  const stoppedEarly = state.step < plan.totalSteps;
  const name = options.metricForBestModel;
  if (stoppedEarly)
    progress.say(`stopped early, after step ${state.step} of ${plan.totalSteps}: ${name} no longer improved`);
  if (best)
    progress.say(
      `taking the model of step ${chosen}; best ${name} ${metricOf(best, name).toFixed(4)}, at step ${best.step}`,
    );
  const from =
    chosen === state.step ? state : (await loadCheckpoint(join(options.outputDir, checkpointName(chosen)))).state;
  const parameters = modelParameters(from, model.weights.keys());
  const weights = Object.entries(parameters).map(
    ([parameter, { dims, data }]) => [parameter, { shape: dims, data: data as Float32Array }] as const,
  );
  return {
    weights: new Map(weights),
    evaluations,
    steps: state.step,
    ...(execution.precision === 'fp16' ? { skippedSteps: skippedSteps(state) } : {}),
    stoppedEarly,
    ...(best && { bestStep: best.step, bestMetric: metricOf(best, name) }),
  };
}
