import { join } from 'node:path';

import { parameterCount } from '@marquee/distilbert';
import type { Manifest } from '@marquee/model-core';

import { endedByError, type Stopped } from './ended-by-error.js';
import { writeDataFiles } from './data-files.js';
import { reportMetrics } from './evaluation-report.js';
import { createEvaluator, type Evaluator } from './evaluator.js';
import { finishTraining } from './finish-training.js';
import { checkOutputFolder, prepareOutputFolder, TRAIN_LOG_FILE } from './output-folder.js';
import { announce, prepareTraining, type Training } from './prepare-training.js';
import { findCheckpoint, loadResumePoint } from './resume-point.js';
import { openClassifierOptimizer, reviewSteps } from './review-steps.js';
import { describeTraining, endOfTraining } from './tracking/describe-training.js';
import { recordRun, type RunRecorder, type RunWatch } from './tracking/record-run.js';
import { openTrainLog } from './train-log.js';
import { decisiveOptions, type TrainOptions } from './train-options.js';
import { type Evaluation, evaluationIsDue, type FinishedRun, runSteps } from './training-run.js';
import { initialState, type TrainingState } from './training-state.js';

/** How a training ended: with an artifact, or with a checkpoint because it was asked to stop. */
export type TrainResult = { readonly manifest: Manifest } | Stopped;

/** A training that made no artifact. */
export interface Evaluated {
  readonly evaluations: readonly Evaluation[];
}

/**
 * Fine-tunes a model folder on a CSV and writes the artifact into the output folder. Everything is checked before the first step. A requested stop
 * ends the training after its step, with a checkpoint.
 */
export const runTraining = (options: TrainOptions, watch: RunWatch): Promise<TrainResult> =>
  trainAnd(options, watch, async (training, evaluator, finished) => {
    return { manifest: await finishTraining(training, evaluator, finished) };
  });

/** The same training without an artifact at its end: what a search wants to know is in the evaluations. */
export const runWithoutArtifact = (options: TrainOptions, watch: RunWatch): Promise<Evaluated | Stopped> =>
  trainAnd(options, watch, (_training, _evaluator, { evaluations }) => Promise.resolve({ evaluations }));

type Finish<T> = (training: Training, evaluator: Evaluator, finished: FinishedRun) => Promise<T>;

async function trainAnd<T extends TrainResult | Evaluated>(
  options: TrainOptions,
  watch: RunWatch,
  finish: Finish<T>,
): Promise<T | Stopped> {
  const checkpoint = await findCheckpoint(options);
  await checkOutputFolder(options, checkpoint);
  const training = await prepareTraining(options, watch);
  await prepareOutputFolder(options, parameterCount(training.config));
  await writeDataFiles(options.outputDir, training.data);
  announce(training);
  return recordRun<T | Stopped>({
    dir: options.outputDir,
    start: describeTraining(training),
    resumes: checkpoint !== undefined,
    mirror: watch.mirror,
    run: (recorder) => trainWithEvaluator(training, checkpoint, recorder, finish),
    endOf: (result) => endOfTraining(options.outputDir, result),
  });
}

async function trainWithEvaluator<T>(
  training: Training,
  checkpoint: string | undefined,
  recorder: RunRecorder,
  finish: Finish<T>,
): Promise<T | Stopped> {
  const { options } = training;
  const evaluator = await createEvaluator(training.config, options.perDeviceEvalBatchSize, options.threads);
  try {
    const finished = await train(training, evaluator, checkpoint, recorder);
    if (finished.stoppedAt !== undefined) return { stoppedAt: finished.stoppedAt };
    return await finish(training, evaluator, finished);
  } catch (error) {
    return await endedByError(error, options.outputDir);
  } finally {
    await evaluator.close();
  }
}

async function train(
  training: Training,
  evaluator: Evaluator,
  checkpointPath: string | undefined,
  recorder: RunRecorder,
): Promise<FinishedRun> {
  const { options, model, data, plan, fingerprint, progress } = training;
  const identity = { fingerprint, options: decisiveOptions(options), totalSteps: plan.totalSteps };
  const checkpoint = checkpointPath === undefined ? undefined : await loadResumePoint(checkpointPath, identity);
  if (checkpoint)
    progress.say(`going on from ${checkpoint.path}, after step ${checkpoint.run.step} of ${plan.totalSteps}`);
  const initial = checkpoint?.state ?? initialState(model.weights);
  const evaluations = checkpoint?.run.evaluations ?? [];
  const schedule = { plan, evaluationSteps: plan.stepsPerEpoch };
  const position = {
    step: initial.step,
    evaluationIsDue: data.validation !== undefined && evaluationIsDue(schedule, initial.step, evaluations.length),
  };
  const log = await openTrainLog(join(options.outputDir, TRAIN_LOG_FILE), position, recorder);
  try {
    return await runSteps({
      ...training,
      ...schedule,
      decisiveOptions: identity.options,
      openOptimizer: (state) => openClassifierOptimizer(training, state),
      dataOf: reviewSteps(training),
      initial,
      evaluations,
      resumedFrom: checkpoint && { step: initial.step, path: checkpoint.path },
      log,
      evaluate: data.validation && ((state) => evaluateEpoch(training, evaluator, state)),
    });
  } finally {
    log.close();
  }
}

async function evaluateEpoch(training: Training, evaluator: Evaluator, state: TrainingState): Promise<Evaluation> {
  const { data, progress } = training;
  if (!data.validation) return {};
  const { encoded } = data.validation;
  const probabilities = await evaluator.positiveProbabilities(state.tensors, encoded, training);
  const { accuracy, f1, log_loss: logLoss } = reportMetrics(encoded.labels, probabilities);
  const figures = `accuracy ${accuracy.toFixed(4)}, F1 ${f1.toFixed(4)}, log loss ${logLoss.toFixed(4)}`;
  progress.say(`validation after step ${state.step}: ${figures}`);
  return { eval_accuracy: accuracy, eval_f1: f1, eval_loss: logLoss };
}
