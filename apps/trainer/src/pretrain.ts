import type { TransformerManifest } from './artifact-writer.js';
import { join } from 'node:path';

import { endedByError, type Stopped } from './ended-by-error.js';
import { type FinishedPretraining, finishPretraining } from './finish-pretraining.js';
import { createLanguageModelEvaluator, type LanguageModelEvaluator } from './language-model-evaluator.js';
import type { Figures } from './model-selection.js';
import { checkOutputFolder, prepareOutputFolder, TRAIN_LOG_FILE } from './output-folder.js';
import { announcePretraining, preparePretraining, type Pretraining } from './prepare-pretraining.js';
import { decisivePretrainOptions, type PretrainOptions } from './pretrain-options.js';
import { openLanguageModelOptimizer, pretrainingSteps } from './pretraining-steps.js';
import { findCheckpoint, loadResumePoint } from './resume-point.js';
import { describePretraining, endOfTraining } from './tracking/describe-training.js';
import { recordRun, type RunRecorder, type RunWatch } from './tracking/record-run.js';
import { openTrainLog } from './train-log.js';
import { reportEffort } from './training-effort.js';
import { evaluationIsDue, runSteps } from './training-run.js';
import { initialState, type TrainingState } from './training-state.js';

type PretrainResult = { readonly manifest: TransformerManifest } | Stopped;

/**
 * Trains a model folder as a masked language model on texts, and writes a folder that `train` starts from. Everything is checked before the first
 * step. A requested stop ends the training after its step, with a checkpoint.
 */
export async function runPretraining(options: PretrainOptions, watch: RunWatch): Promise<PretrainResult> {
  const checkpoint = await findCheckpoint(options);
  await checkOutputFolder(options, checkpoint);
  const pretraining = await preparePretraining(options, watch);
  const parameterCount = [...pretraining.model.weights.values()].reduce((sum, { data }) => sum + data.length, 0);
  await prepareOutputFolder(options, parameterCount);
  announcePretraining(pretraining);
  return recordRun({
    dir: options.outputDir,
    start: describePretraining(pretraining),
    resumes: checkpoint !== undefined,
    mirror: watch.mirror,
    run: (recorder) => pretrainAndFinish(pretraining, checkpoint, recorder),
    endOf: (result) => endOfTraining(options.outputDir, result),
  });
}

async function pretrainAndFinish(
  pretraining: Pretraining,
  checkpoint: string | undefined,
  recorder: RunRecorder,
): Promise<PretrainResult> {
  const evaluator = await createLanguageModelEvaluator(pretraining);
  try {
    const finished = await pretrain(pretraining, evaluator, checkpoint, recorder);
    if ('stoppedAt' in finished) return finished;
    return { manifest: await finishPretraining(pretraining, finished) };
  } catch (error) {
    return await endedByError(error, pretraining.options.outputDir);
  } finally {
    await evaluator?.close();
  }
}

async function pretrain(
  pretraining: Pretraining,
  evaluator: LanguageModelEvaluator | undefined,
  checkpointPath: string | undefined,
  recorder: RunRecorder,
): Promise<FinishedPretraining | Stopped> {
  const { options, model, plan, fingerprint, progress } = pretraining;
  const decisiveOptions = decisivePretrainOptions(options);
  const identity = { fingerprint, options: decisiveOptions, totalSteps: plan.totalSteps };
  const checkpoint = checkpointPath === undefined ? undefined : await loadResumePoint(checkpointPath, identity);
  if (checkpoint)
    progress.say(`going on from ${checkpoint.path}, after step ${checkpoint.run.step} of ${plan.totalSteps}`);
  const initial = checkpoint?.state ?? initialState(model.weights);
  const evaluations = checkpoint?.run.evaluations ?? [];
  const schedule = { plan, evaluationSteps: options.evalSteps };
  const logPath = join(options.outputDir, TRAIN_LOG_FILE);
  const position = {
    step: initial.step,
    evaluationIsDue: evaluator !== undefined && evaluationIsDue(schedule, initial.step, evaluations),
  };
  const log = await openTrainLog(logPath, position, recorder);
  try {
    const finished = await runSteps({
      ...pretraining,
      ...schedule,
      decisiveOptions,
      openOptimizer: (state) => openLanguageModelOptimizer(pretraining, state),
      dataOf: pretrainingSteps(pretraining),
      initial,
      evaluations,
      resumedFrom: checkpoint && { step: initial.step, path: checkpoint.path },
      log,
      evaluate: evaluator && ((state) => evaluate(pretraining, evaluator, state)),
    });
    if (finished.stoppedAt !== undefined) return { stoppedAt: finished.stoppedAt };
    const { state, evaluations: all } = finished;
    return { state, evaluations: all, effort: await reportEffort(logPath, state.step, log, progress) };
  } finally {
    log.close();
  }
}

async function evaluate(
  { progress }: Pretraining,
  evaluator: LanguageModelEvaluator,
  state: TrainingState,
): Promise<Figures> {
  const loss = await evaluator.loss(state.tensors);
  const perplexity = Math.exp(loss);
  progress.say(`held-out text after step ${state.step}: loss ${loss.toFixed(4)}, perplexity ${perplexity.toFixed(2)}`);
  return { eval_loss: loss, eval_perplexity: perplexity };
}
