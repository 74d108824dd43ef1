import type { BatchPlan } from './batch-source.js';
import { createCheckpointSaver, type SavedRun } from './checkpoint-saver.js';
import { type Evaluation, type Figures, selectModel } from './model-selection.js';
import type { BatchSize } from './dropout-masks.js';
import { type BatchFeeds, isFiniteResult, type Optimizer, type StepResult } from './optimizer-loop.js';
import { createPaceMeter } from './pace-meter.js';
import type { Progress } from './progress.js';
import type { TrainLog } from './train-log.js';
import { TrainerError } from './trainer-error.js';
import type { TrainingState } from './training-state.js';

/** What one update learns from. */
export interface StepData {
  /** Feeds of each micro-batch, to be made in this order, each when its turn comes. */
  readonly microBatches: readonly (() => BatchFeeds)[];
  /** Of a batch that may share a run with others, padded to the longest of them. */
  readonly size?: BatchSize;
  /** Tokens that are not padding. */
  readonly tokens: number;
  /** Where it stands in the data, for a message: `the reviews of … that start in lines …`. */
  readonly place: () => string;
}

/** A training of whatever kind, as far as its steps go. */
export interface TrainingRun extends SavedRun {
  readonly plan: Pick<BatchPlan, 'stepsPerEpoch' | 'totalSteps'>;
  /** Steps between evaluations; one comes at the end in any case. */
  readonly evaluationSteps: number;
  /** Compiles the training graph around the initial state. */
  readonly openOptimizer: (initial: TrainingState) => Promise<Optimizer>;
  /** The data of a step, by its number from 0. */
  readonly dataOf: (step: number) => StepData;
  readonly initial: TrainingState;
  /** Evaluations that a resumed run brings along. */
  readonly evaluations: readonly Evaluation[];
  readonly log: TrainLog;
  readonly progress: Progress;
  /** Asked before each step: true ends the run after a checkpoint. */
  readonly stopRequested: () => boolean;
  /** Measures the state on held-out data; absent when there is none. */
  readonly evaluate: ((state: TrainingState) => Promise<Figures>) | undefined;
}

export interface FinishedRun {
  /** After the last step. */
  readonly state: TrainingState;
  readonly evaluations: readonly Evaluation[];
  /** The checkpoint written on request to stop; absent when training is complete. */
  readonly stoppedAt?: string;
}

/**
 * Steps from the initial state to the end of the plan, to the end of patience, or to a request to stop, with checkpoints, log and evaluations on the way. A
 * checkpoint is written before each evaluation, so that neither a crash nor a stop during the evaluation costs a step, and that the best model can be
 * found again. Throws `INTERRUPTED` when stopped in an evaluation.
 */
export async function runSteps(run: TrainingRun): Promise<FinishedRun> {
  const { plan, progress, selection } = run;
  const optimizer = await run.openOptimizer(run.initial);
  const meter = createPaceMeter(plan.totalSteps);
  const evaluations = [...run.evaluations];
  const saver = createCheckpointSaver(run, evaluations);
  try {
    for (;;) {
      await evaluateIfDue(run, optimizer.state, evaluations);
      const { step: done } = optimizer.state;
      const isOver = selection !== undefined && selectModel(evaluations, selection).isOver;
      if (isOver || done === plan.totalSteps) return { state: optimizer.state, evaluations };
      if (run.stopRequested())
        return { state: optimizer.state, evaluations, stoppedAt: await saver.save(optimizer.state) };
      for (const { step, result, tokens, seconds } of await takeSteps(run, optimizer)) {
        const pace = meter.add(step, tokens, seconds);
        run.log.append({ step, epoch: epochOf(plan, step), ...result, tokens, seconds, ...pace });
        progress.step({ step, totalSteps: plan.totalSteps, loss: result.loss, ...pace });
      }
      if (isSaved(run, optimizer.state.step)) await saver.save(optimizer.state);
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

/** Whether the evaluation that belongs to a step is still to come. */
export const evaluationIsDue = (schedule: Schedule, step: number, evaluations: readonly Evaluation[]): boolean =>
  isEvaluated(schedule, step) && evaluations.at(-1)?.step !== step;

async function evaluateIfDue(run: TrainingRun, state: TrainingState, evaluations: Evaluation[]): Promise<void> {
  if (!run.evaluate || !evaluationIsDue(run, state.step, evaluations)) return;
  const evaluation = { step: state.step, epoch: epochOf(run.plan, state.step), ...(await run.evaluate(state)) };
  evaluations.push(evaluation);
  run.log.append(evaluation);
}

const isSaved = (run: TrainingRun, step: number): boolean =>
  step % run.plan.stepsPerEpoch === 0 || step % run.options.saveSteps === 0 || isEvaluated(run, step);

interface TakenStep {
  /** Steps done with it. */
  readonly step: number;
  readonly result: StepResult;
  readonly tokens: number;
  readonly seconds: number;
}

/** A float16 training whose gradients overflow at a smaller scale than this has not lost its scale but its way. */
const LEAST_LOSS_SCALE = 1;

/** One run of the optimizer: the next step, or several. */
async function takeSteps(run: TrainingRun, optimizer: Optimizer): Promise<TakenStep[]> {
  const start = performance.now();
  const done = optimizer.state.step;
  const group = nextSteps(run, optimizer, done);
  const results = await runGroup(optimizer, group);
  const seconds = Math.round((performance.now() - start) / group.length) / 1000;
  return group.map(({ tokens, place }, i) => {
    const result = results[i] as StepResult; // one each
    const step = done + i + 1;
    const { loss, gradientNorm, lossScale = 0 } = result;
    if (isFiniteResult(result) || lossScale >= LEAST_LOSS_SCALE) return { step, result, tokens, seconds };
    throw new TrainerError(
      'NON_FINITE_LOSS',
      `step ${step}: expected a finite loss, got ${loss} (gradient norm ${gradientNorm}) on ${place()}; no checkpoint holds it`,
    );
  });
}

function runGroup(optimizer: Optimizer, group: readonly StepData[]): Promise<StepResult[]> {
  const [first, ...others] = group as [StepData, ...StepData[]];
  if (others.length === 0) return optimizer.step(first.microBatches).then((result) => [result]);
  const seq = Math.max(...group.map(({ size }) => size?.['seq'] ?? 0));
  const batches = group.flatMap(({ microBatches }) => microBatches);
  return optimizer.roll(batches, { ...first.size, seq });
}

/** As many steps as one run takes, where no checkpoint comes between them and their batches have equally many rows; else one. */
function nextSteps(run: TrainingRun, { stepsPerRun }: Optimizer, done: number): StepData[] {
  const inner = Array.from({ length: stepsPerRun - 1 }, (_, i) => done + i + 1);
  const first = run.dataOf(done);
  if (inner.some((step) => isSaved(run, step))) return [first];
  const group = [first, ...inner.map(run.dataOf)];
  return group.every(({ size }) => size?.['batch'] === first.size?.['batch']) ? group : [first];
}
