import { dropoutSpecs, type DistilBertConfig } from '@marquee/distilbert';

import type { BatchPlan, PlannedStep } from './batch-source.js';
import { saveCheckpoint } from './checkpoint.js';
import { createDropoutMasks, type DropoutMasks } from './dropout-masks.js';
import { type BatchFeeds, createOptimizer, type Optimizer, type StepResult } from './optimizer-loop.js';
import type { Progress } from './progress.js';
import type { TrainLog } from './train-log.js';
import { decisiveOptions, type TrainOptions } from './train-options.js';
import { TrainerError } from './trainer-error.js';
import { batchTensors, type EncodedReviews } from './training-data.js';
import type { TrainingState } from './training-state.js';

export type Evaluation = Readonly<Record<string, number>>;

export interface TrainingRun {
  readonly options: TrainOptions;
  readonly config: DistilBertConfig;
  readonly reviews: EncodedReviews;
  readonly plan: BatchPlan;
  readonly fingerprint: string;
  readonly initial: TrainingState;
  /** Evaluations that a resumed run brings along. */
  readonly evaluations: readonly Evaluation[];
  /** The checkpoint that `initial` is from, where it is from one. */
  readonly resumedFrom: { readonly step: number; readonly path: string } | undefined;
  readonly log: TrainLog;
  readonly progress: Progress;
  /** Asked before each step: true ends the run after a checkpoint. */
  readonly stopRequested: () => boolean;
  /** Measures the state on the validation reviews; absent when there are none. */
  readonly evaluate: ((state: TrainingState) => Promise<Evaluation>) | undefined;
  /** Line of the training file at which a review starts, for messages. */
  readonly lineOf: (row: number) => number;
}

export interface FinishedRun {
  readonly state: TrainingState;
  readonly evaluations: readonly Evaluation[];
  /** The checkpoint written on request to stop; absent when training is complete. */
  readonly stoppedAt?: string;
}

/**
 * Steps from the initial state to the end of the plan, or to a request to stop, with checkpoints, log and evaluations on the way. A checkpoint is written
 * before the evaluation of its epoch, so that neither a crash nor a stop during the evaluation costs a step. Throws `INTERRUPTED` in that case.
 */
export async function runSteps(run: TrainingRun): Promise<FinishedRun> {
  const { options, plan, progress } = run;
  const optimizer = await createOptimizer(run.config, run.initial, optimizerLoopOptions(run));
  const masks = createDropoutMasks(dropoutSpecs(run.config));
  const meter = createMeter(plan.totalSteps);
  const evaluations = [...run.evaluations];
  const saver = createSaver(run, evaluations);
  try {
    for (;;) {
      await evaluateIfDue(run, optimizer.state, evaluations);
      const { step: done } = optimizer.state;
      if (done === plan.totalSteps) return { state: optimizer.state, evaluations };
      if (run.stopRequested())
        return { state: optimizer.state, evaluations, stoppedAt: await saver.save(optimizer.state) };
      const planned = plan.at(done);
      const { result, tokens } = await takeStep(run, optimizer, masks, planned);
      const step = done + 1;
      const pace = meter.add(step, tokens);
      run.log.append({ step, epoch: planned.epoch, ...result, tokens, ...pace });
      progress.step({ step, totalSteps: plan.totalSteps, loss: result.loss, ...pace });
      if (planned.isLastOfEpoch || step % options.saveSteps === 0) await saver.save(optimizer.state);
    }
  } finally {
    progress.done();
    await optimizer.close();
  }
}

/** Whether the step ends an epoch whose evaluation is still to come. */
export function evaluationIsDue(plan: BatchPlan, step: number, evaluations: number, hasValidation: boolean): boolean {
  return hasValidation && step > 0 && step % plan.stepsPerEpoch === 0 && evaluations < step / plan.stepsPerEpoch;
}

async function evaluateIfDue(run: TrainingRun, state: TrainingState, evaluations: Evaluation[]): Promise<void> {
  if (!run.evaluate || !evaluationIsDue(run.plan, state.step, evaluations.length, true)) return;
  const evaluation = await run.evaluate(state);
  evaluations.push(evaluation);
  run.log.append({ step: state.step, epoch: run.plan.at(state.step - 1).epoch, ...evaluation });
}

interface Saver {
  /** Writes the checkpoint of a state, unless its step's was the last one written. Returns its path. */
  save(state: TrainingState): Promise<string>;
}

function createSaver({ options, fingerprint, resumedFrom }: TrainingRun, evaluations: readonly Evaluation[]): Saver {
  let last = resumedFrom;
  return {
    async save(state) {
      if (last?.step === state.step) return last.path;
      const checkpointOptions = decisiveOptions(options);
      const summary = { step: state.step, fingerprint, options: checkpointOptions, evaluations };
      const path = await saveCheckpoint(options.outputDir, state, summary, options.saveTotalLimit);
      last = { step: state.step, path };
      return path;
    },
  };
}

function optimizerLoopOptions({ options, plan }: TrainingRun) {
  const warmupSteps = Math.ceil(plan.totalSteps * options.warmupRatio);
  return {
    loss: { labelSmoothing: options.labelSmoothingFactor, padded: true },
    optimizer: {
      learningRate: options.learningRate,
      schedule: { kind: options.lrSchedulerType, warmupSteps, totalSteps: plan.totalSteps },
      weightDecay: options.weightDecay,
      beta1: options.adamBeta1,
      beta2: options.adamBeta2,
      epsilon: options.adamEpsilon,
      maxGradNorm: options.maxGradNorm,
    },
    accumulationSteps: options.gradientAccumulationSteps,
    session: options.threads === undefined ? {} : { intraOpThreads: options.threads },
  };
}

async function takeStep(
  run: TrainingRun,
  optimizer: Optimizer,
  masks: DropoutMasks,
  planned: PlannedStep,
): Promise<{ result: StepResult; tokens: number }> {
  const { options, reviews, config } = run;
  const step = optimizer.state.step;
  let tokens = 0;
  const feeds = planned.microBatches.map((rows, index): (() => BatchFeeds) => () => {
    const batch = batchTensors(reviews, rows, config.pad_token_id);
    tokens += batch.tokens;
    const microStep = step * options.gradientAccumulationSteps + index;
    const dropout = masks.next(batch.size, { seed: options.seed, microStep });
    return { ...batch.inputs, labels: batch.labels, ...dropout };
  });
  const result = await optimizer.step(feeds);
  if (!Number.isFinite(result.loss) || !Number.isFinite(result.gradientNorm)) {
    const lines = planned.microBatches.flatMap((rows) => Array.from(rows, run.lineOf));
    throw new TrainerError(
      'NON_FINITE_LOSS',
      `step ${step + 1}: expected a finite loss, got ${result.loss} (gradient norm ${result.gradientNorm}) on the reviews of ` +
        `${options.dataFile ?? options.trainFile ?? ''} that start in lines ${lines.sort((a, b) => a - b).join(', ')}; no checkpoint holds it`,
    );
  }
  return { result, tokens };
}

interface Meter {
  add(step: number, tokens: number): { tokensPerSecond: number; secondsLeft: number };
}

/** Pace over the last steps: the first two of a session are slow, and neighbors come and go. */
function createMeter(totalSteps: number): Meter {
  const RECENT = 20;
  const start = performance.now();
  const recent: { at: number; tokens: number }[] = [{ at: start, tokens: 0 }];
  return {
    add(step, tokens) {
      recent.push({ at: performance.now(), tokens });
      if (recent.length > RECENT) recent.shift();
      const [first, ...rest] = recent as [{ at: number }, ...{ at: number; tokens: number }[]];
      const seconds = ((rest.at(-1)?.at ?? first.at) - first.at) / 1000;
      const tokensPerSecond = rest.reduce((sum, entry) => sum + entry.tokens, 0) / seconds;
      return {
        tokensPerSecond: Math.round(tokensPerSecond),
        secondsLeft: Math.round(((totalSteps - step) * seconds) / rest.length),
      };
    },
  };
}
