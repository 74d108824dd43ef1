import type { TransformerManifest } from './artifact-writer.js';

import { parameterCount } from '@marquee/distilbert';

import { bringBestCheckpoint } from './checkpoint-saver.js';
import { chooseModel } from './choose-model.js';
import { endedByError, type Stopped } from './ended-by-error.js';
import { DATA_REPORT_FILE, SPLIT_FILE, writeDataFiles } from './data-files.js';
import { createEvaluator, type Evaluator } from './evaluator.js';
import { lossScalingOf } from './execution.js';
import { type FinishedTraining, finishTraining } from './finish-training.js';
import { type PlannedRun, runLogged } from './logged-run.js';
import type { Evaluation, Figures } from './model-selection.js';
import { checkOutputFolder, prepareOutputFolder, TRAIN_LOG_FILE } from './output-folder.js';
import { announce, prepareTraining, type Teach, type Training } from './prepare-training.js';
import { findCheckpoint, loadResumePoint } from './resume-point.js';
import { openClassifierOptimizer, reviewSteps } from './review-steps.js';
import { sessionOptions } from './session-options.js';
import { describeTraining, endOfTraining } from './tracking/describe-training.js';
import { recordRun, type RunRecorder } from './tracking/record-run.js';
import { selectionRule, type TrainOptions } from './train-options.js';
import type { TrainingWatch } from './training-observer.js';
import { initialState, modelParameters, type TrainingState } from './training-state.js';
import { describeValidation, measureValidation } from './validation-metrics.js';

/** How a training ended: with an artifact, or with a checkpoint because it was asked to stop. */
export type TrainResult = { readonly manifest: TransformerManifest } | Stopped;

/** A training that made no artifact. */
export interface Evaluated {
  readonly evaluations: readonly Evaluation[];
}

/**
 * Fine-tunes a model folder on a CSV and writes the artifact into the output folder. Everything is checked before the first step. A requested stop
 * ends the training after its step, with a checkpoint. Where a lesson is made of the training reviews, it is learned from.
 */
export const runTraining = (options: TrainOptions, watch: TrainingWatch, teach?: Teach): Promise<TrainResult> =>
  trainAnd(
    options,
    watch,
    async (training, evaluator, finished) => {
      const manifest = await finishTraining(training, evaluator, finished);
      await watch.observer?.finished(manifest);
      return { manifest };
    },
    teach,
  );

/** The same training without an artifact at its end: what a search wants to know is in the evaluations. */
export const runWithoutArtifact = (options: TrainOptions, watch: TrainingWatch): Promise<Evaluated | Stopped> =>
  trainAnd(options, watch, (_training, _evaluator, { evaluations }) => Promise.resolve({ evaluations }));

type Finish<T> = (training: Training, evaluator: Evaluator, finished: FinishedTraining) => Promise<T>;

async function trainAnd<T extends TrainResult | Evaluated>(
  options: TrainOptions,
  watch: TrainingWatch,
  finish: Finish<T>,
  teach?: Teach,
): Promise<T | Stopped> {
  const checkpoint = await findCheckpoint(options);
  await checkOutputFolder(options, checkpoint);
  const training = await prepareTraining(options, watch, teach);
  await prepareOutputFolder(options, parameterCount(training.config), { averaged: options.emaDecay > 0 });
  await writeDataFiles(options.outputDir, training.data);
  announce(training);
  return recordRun<T | Stopped>({
    dir: options.outputDir,
    start: describeTraining(training),
    resumes: checkpoint !== undefined,
    files: [TRAIN_LOG_FILE, DATA_REPORT_FILE, SPLIT_FILE],
    mirror: watch.mirror,
    resultsDir: watch.observer?.resultsDir,
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
  const { options, observer } = training;
  await observer?.prepared(training);
  const evaluator = await createEvaluator(training.config, options.perDeviceEvalBatchSize, {
    ...sessionOptions(options),
    device: training.execution.device,
  });
  try {
    const finished = await train(training, evaluator, checkpoint, recorder);
    if ('stoppedAt' in finished) return finished;
    observer?.trained(finished);
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
): Promise<FinishedTraining | Stopped> {
  const { options, execution, model, data, plan, fingerprint, progress } = training;
  const identity = { fingerprint, options: training.decisiveOptions, totalSteps: plan.totalSteps };
  const selection = selectionRule(options);
  const checkpoint = await loadResumePoint(checkpointPath, identity, progress);
  if (checkpoint) await bringBestCheckpoint(options.outputDir, checkpoint, selection);
  const run: PlannedRun = {
    ...training,
    selection,
    evaluationSteps: options.evalStrategy === 'epoch' ? plan.stepsPerEpoch : options.evalSteps,
    begin: () => initialState(model.weights, { averaged: options.emaDecay > 0, lossScaling: lossScalingOf(execution) }),
    openOptimizer: (state) => openClassifierOptimizer(training, state),
    dataOf: reviewSteps(training),
    evaluate: data.validation && ((state) => evaluate(training, evaluator, state)),
  };
  const finished = await runLogged(run, checkpoint, recorder);
  if ('stoppedAt' in finished) return finished;
  return { ...(await chooseModel(training, finished)), effort: finished.effort };
}

async function evaluate(training: Training, evaluator: Evaluator, state: TrainingState): Promise<Figures> {
  const { model, data, progress } = training;
  if (!data.validation) throw new RangeError('bug: there are no validation reviews to evaluate on');
  const { encoded } = data.validation;
  const parameters = modelParameters(state, model.weights.keys());
  const probabilities = await evaluator.positiveProbabilities(parameters, encoded, training);
  const figures = measureValidation(encoded.labels, probabilities);
  progress.say(describeValidation(figures, state.step));
  return figures;
}
