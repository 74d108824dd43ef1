import type { BatchPlan } from './batch-source.js';
import { type CheckpointOptions, saveCheckpoint } from './checkpoint.js';
import type { BatchFeeds, Optimizer, StepResult } from './optimizer-loop.js';
import type { Progress } from './progress.js';
import type { TrainLog } from './train-log.js';
import type { TrainOptions } from './train-options.js';
import { TrainerError } from './trainer-error.js';
import type { TrainingState } from './training-state.js';

export type Evaluation = Readonly<Record<string, number>>;

/** What one update learns from. */
export interface StepData {
  /** Feeds of each micro-batch, to be made in this order, each when its turn comes. */
  readonly microBatches: readonly (() => BatchFeeds)[];
  /** Tokens that are not padding. */
  readonly tokens: number;
  /** Where it stands in the data, for a message: `the reviews of … that start in lines …`. */
  readonly place: () => string;
}

/** A training of whatever kind, as far as its steps go. */
export interface TrainingRun {
  readonly options: Pick<TrainOptions, 'outputDir' | 'saveSteps' | 'saveTotalLimit'>;
  /** The options that decide the trained numbers. */
  readonly decisiveOptions: CheckpointOptions;
  readonly plan: Pick<BatchPlan, 'stepsPerEpoch' | 'totalSteps'>;
  /** Steps between evaluations; one comes at the end in any case. */
  readonly evaluationSteps: number;
  readonly fingerprint: string;
  /** Compiles the training graph around the initial state. */
  readonly openOptimizer: (initial: TrainingState) => Promise<Optimizer>;
  /** The data of a step, by its number from 0. */
  readonly dataOf: (step: number) => StepData;
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
  const optimizer = await run.openOptimizer(run.initial);
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
      const { result, tokens } = await takeStep(run, optimizer);
      const step = done + 1;
      const pace = meter.add(step, tokens);
      run.log.append({ step, epoch: epochOf(plan, step), ...result, tokens, ...pace });
      progress.step({ step, totalSteps: plan.totalSteps, loss: result.loss, ...pace });
      const isSaved = step % plan.stepsPerEpoch === 0 || step % options.saveSteps === 0 || isEvaluated(run, step);
      if (isSaved) await saver.save(optimizer.state);
    }
  } finally {
    progress.done();
    await optimizer.close();
  }
}

/** The epoch, from 0, of the step that brings the count of steps to `step`. */
const epochOf = ({ stepsPerEpoch }: TrainingRun['plan'], step: number): number =>
  Math.floor((step - 1) / stepsPerEpoch);

type Schedule = Pick<TrainingRun, 'plan' | 'evaluationSteps'>;

const isEvaluated = ({ plan, evaluationSteps }: Schedule, step: number): boolean =>
  step > 0 && (step % evaluationSteps === 0 || step === plan.totalSteps);

/** Whether the evaluation that belongs to a step is still to come, after so many. */
export const evaluationIsDue = (schedule: Schedule, step: number, evaluations: number): boolean =>
  isEvaluated(schedule, step) && evaluations < Math.ceil(step / schedule.evaluationSteps);

async function evaluateIfDue(run: TrainingRun, state: TrainingState, evaluations: Evaluation[]): Promise<void> {
  if (!run.evaluate || !evaluationIsDue(run, state.step, evaluations.length)) return;
  const evaluation = await run.evaluate(state);
  evaluations.push(evaluation);
  run.log.append({ step: state.step, epoch: epochOf(run.plan, state.step), ...evaluation });
}

interface Saver {
  /** Writes the checkpoint of a state, unless its step's was the last one written. Returns its path. */
  save(state: TrainingState): Promise<string>;
}

function createSaver(run: TrainingRun, evaluations: readonly Evaluation[]): Saver {
  const { options, fingerprint, resumedFrom } = run;
  let last = resumedFrom;
  return {
    async save(state) {
      if (last?.step === state.step) return last.path;
      const summary = { step: state.step, fingerprint, options: run.decisiveOptions, evaluations };
      const path = await saveCheckpoint(options.outputDir, state, summary, options.saveTotalLimit);
      last = { step: state.step, path };
      return path;
    },
  };
}

async function takeStep(
  { dataOf }: TrainingRun,
  optimizer: Optimizer,
): Promise<{ result: StepResult; tokens: number }> {
  const { step } = optimizer.state;
  const { microBatches, tokens, place } = dataOf(step);
  const result = await optimizer.step(microBatches);
  if (Number.isFinite(result.loss) && Number.isFinite(result.gradientNorm)) return { result, tokens };
  throw new TrainerError(
    'NON_FINITE_LOSS',
    `step ${step + 1}: expected a finite loss, got ${result.loss} (gradient norm ${result.gradientNorm}) on ${place()}; no checkpoint holds it`,
  );
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
