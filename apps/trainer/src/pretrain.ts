import type { TransformerManifest } from './artifact-writer.js';

import { endedByError, type Stopped } from './ended-by-error.js';
import { finishPretraining } from './finish-pretraining.js';
import { createLanguageModelEvaluator, type LanguageModelEvaluator } from './language-model-evaluator.js';
import { type CompleteRun, type PlannedRun, runLogged } from './logged-run.js';
import type { Figures } from './model-selection.js';
import { checkOutputFolder, prepareOutputFolder, TRAIN_LOG_FILE } from './output-folder.js';
import { announcePretraining, preparePretraining, type Pretraining } from './prepare-pretraining.js';
import { decisivePretrainOptions, type PretrainOptions } from './pretrain-options.js';
import { openLanguageModelOptimizer, pretrainingSteps } from './pretraining-steps.js';
import { findCheckpoint, loadResumePoint } from './resume-point.js';
import { describePretraining, endOfTraining } from './tracking/describe-training.js';
import { recordRun, type RunRecorder, type RunWatch } from './tracking/record-run.js';
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
    files: [TRAIN_LOG_FILE],
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
): Promise<CompleteRun | Stopped> {
  const { options, model, plan, fingerprint, progress } = pretraining;
  const decisiveOptions = decisivePretrainOptions(options);
  const identity = { fingerprint, options: decisiveOptions, totalSteps: plan.totalSteps };
  const run: PlannedRun = {
    ...pretraining,
    decisiveOptions,
    evaluationSteps: options.evalSteps,
    begin: () => initialState(model.weights),
    openOptimizer: (state) => openLanguageModelOptimizer(pretraining, state),
    dataOf: pretrainingSteps(pretraining),
    evaluate: evaluator && ((state) => evaluate(pretraining, evaluator, state)),
  };
  return runLogged(run, await loadResumePoint(checkpointPath, identity, progress), recorder);
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
