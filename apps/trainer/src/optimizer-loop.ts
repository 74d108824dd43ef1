import { type Graph, toModel } from '@marquee/autograd';
import {
  accumulationStep,
  type DistilBertConfig,
  gradientOf,
  LOSS_SCALE,
  type LossOptions,
  nextValue,
  type OptimizerOptions,
  parameterShapes,
  trainingStep,
  updateStep,
} from '@marquee/distilbert';
import { createSession, type Session, type SessionOptions, Tensor } from '@marquee/model-core';

import type { BatchSize } from './dropout-masks.js';
import { type RolledSteps, rollSteps } from './rolled-steps.js';
import { asOutputs, likeState, skippedSteps, type TrainingState } from './training-state.js';

/** Feeds of one micro-batch: ids, mask, labels and dropout masks. They are made when their turn comes, since masks share their memory. */
export type BatchFeeds = Readonly<Record<string, Tensor>>;

export interface StepResult {
  /** Mean over the micro-batches, each weighted alike, as Hugging Face's Trainer accumulates. */
  readonly loss: number;
  readonly gradientNorm: number;
  readonly learningRate: number;
  /** What the loss was scaled by, where it is scaled. The gradient norm is not finite then where the update was skipped. */
  readonly lossScale?: number;
}

export interface Optimizer {
  readonly state: TrainingState;
  /**
   * One update from as many micro-batches as gradients are accumulated over. When the loss or the gradient norm is not finite the state stays
   * as it was before, but for a scaled loss, where the step counts as skipped: the caller decides what to do.
   */
  step(microBatches: readonly (() => BatchFeeds)[]): Promise<StepResult>;
  readonly stepsPerRun: number;
  /** `stepsPerRun` updates in one run, each from one batch; the batches have equally many rows, and sequences of at most `size`. As `step` otherwise. */
  roll(batches: readonly (() => BatchFeeds)[], size: BatchSize): Promise<StepResult[]>;
  close(): Promise<void>;
}

export interface OptimizerLoopOptions {
  readonly loss: LossOptions;
  readonly optimizer: OptimizerOptions;
  readonly accumulationSteps: number;
  /** Default 1. More needs `accumulationSteps` of 1. */
  readonly stepsPerRun?: number;
  readonly session?: SessionOptions;
}

/** Compiles the classifier's training graphs and steps through them, starting from `initial`, whose tensors it owns from then on. */
export async function createOptimizer(
  config: DistilBertConfig,
  initial: TrainingState,
  options: OptimizerLoopOptions,
): Promise<Optimizer> {
  if (options.accumulationSteps > 1) return stepThrough(initial, await accumulatedStep(config, options));
  const { session, stepsPerRun = 1 } = options;
  const graph = trainingStep(config, options.loss, options.optimizer);
  const rolled = stepsPerRun > 1 ? await rollSteps(graph, stepsPerRun, session) : undefined;
  return stepThrough(initial, await fusedStep(graph, session), rolled);
}

/** As `createOptimizer`, for the graph of a whole step, of whatever task. */
export async function createGraphOptimizer(
  step: Graph,
  initial: TrainingState,
  session?: SessionOptions,
): Promise<Optimizer> {
  return stepThrough(initial, await fusedStep(step, session));
}

function stepThrough(initial: TrainingState, run: StepRunner, rolled?: RolledSteps): Optimizer {
  let current = initial;
  let spare = likeState(initial);
  const feeds = () => ({
    ...current.tensors,
    step: new Tensor('float64', Float64Array.of(current.step - skippedSteps(current)), []),
  });
  /** Takes what was written into the spare buffers, unless it is not to be used. */
  const accept = (results: readonly StepResult[]): void => {
    if (!results.every((result) => result.lossScale !== undefined || isFiniteResult(result))) return;
    [current, spare] = [{ step: current.step + results.length, tensors: spare.tensors }, current];
  };
  return {
    get state() {
      return current;
    },
    stepsPerRun: rolled?.iterations ?? 1,
    async step(microBatches) {
      const result = await run.step(feeds(), microBatches, asOutputs(spare));
      accept([result]);
      return result;
    },
    async roll(batches, size) {
      if (!rolled) throw new RangeError('bug: this optimizer rolls no steps into one run');
      const outputs = await rolled.run(feeds(), batches, size, {
        ...asOutputs(spare),
        ...scalarsOf(current.tensors),
        loss: null,
      });
      const results = batches.map((_, place) => ({
        loss: scalarOf(outputs, 'loss', place),
        ...updateScalars(outputs, place),
      }));
      accept(results);
      return results;
    },
    async close() {
      await run.close();
      await rolled?.close();
    },
  };
}

export const isFiniteResult = ({ loss, gradientNorm }: StepResult): boolean =>
  Number.isFinite(loss) && Number.isFinite(gradientNorm);

interface StepRunner {
  step(
    state: Record<string, Tensor>,
    microBatches: readonly (() => BatchFeeds)[],
    next: Record<string, Tensor>,
  ): Promise<StepResult>;
  close(): Promise<void>;
}

const SCALARS = { gradient_norm: null, learning_rate: null };
/** The scalars that an update of a state gives, as outputs to be fetched. */
const scalarsOf = (state: object): Record<string, null> => ({
  ...SCALARS,
  ...(LOSS_SCALE in state ? { used_loss_scale: null } : {}),
});

/** Forward, backward and update in one graph. */
async function fusedStep(graph: Graph, options: SessionOptions | undefined): Promise<StepRunner> {
  const session = await createSession(toModel(graph), options);
  return {
    async step(state, [batch], next) {
      const outputs = await session.run({ ...state, ...batch?.() }, { ...next, ...scalarsOf(state), loss: null });
      return { loss: scalarOf(outputs, 'loss'), ...updateScalars(outputs) };
    },
    close: () => session.release(),
  };
}

/** Forward and backward for each micro-batch, then one update. */
async function accumulatedStep(config: DistilBertConfig, options: OptimizerLoopOptions): Promise<StepRunner> {
  const count = options.accumulationSteps;
  const accumulation = await createSession(toModel(accumulationStep(config, options.loss, count)), options.session);
  const update = await createSession(toModel(updateStep(config, options.optimizer)), options.session);
  let sums = zeroGradients(config);
  let spareSums = zeroGradients(config);

  const accumulate = async (session: Session, state: Record<string, Tensor>, batch: BatchFeeds): Promise<number> => {
    const parameters = Object.fromEntries(
      [...parameterShapes(config).keys()].map((name) => [name, state[name] as Tensor]),
    ); // the state holds every parameter
    const scale = state[LOSS_SCALE] ? { [LOSS_SCALE]: state[LOSS_SCALE] } : {};
    const outputs = await session.run(
      { ...parameters, ...scale, ...sums, ...batch },
      { ...renamed(spareSums), loss: null },
    );
    [sums, spareSums] = [spareSums, sums];
    return scalarOf(outputs, 'loss');
  };
  return {
    async step(state, microBatches, next) {
      for (const { data } of Object.values(sums)) (data as Float32Array).fill(0);
      let loss = 0;
      for (const batch of microBatches) loss += (await accumulate(accumulation, state, batch())) / microBatches.length;
      // The graph divides by `count`; the last step of an epoch may have fewer micro-batches.
      if (microBatches.length < count) scale(sums, count / microBatches.length);
      const outputs = await update.run({ ...state, ...sums }, { ...next, ...scalarsOf(state) });
      return { loss, ...updateScalars(outputs) };
    },
    async close() {
      await accumulation.release();
      await update.release();
    },
  };
}

function scale(tensors: Record<string, Tensor>, factor: number): void {
  for (const tensor of Object.values(tensors)) {
    const data = tensor.data as Float32Array;
    for (let i = 0; i < data.length; i += 1) data[i] = (data[i] ?? 0) * factor;
  }
}

function zeroGradients(config: DistilBertConfig): Record<string, Tensor> {
  return Object.fromEntries(
    [...parameterShapes(config)].map(([name, shape]) => {
      const length = shape.reduce((size, dim) => size * dim, 1);
      return [gradientOf(name), new Tensor('float32', new Float32Array(length), shape)];
    }),
  );
}

const renamed = (tensors: Record<string, Tensor>): Record<string, Tensor> =>
  Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [nextValue(name), tensor]));

function updateScalars(outputs: Record<string, Tensor>, place = 0): Omit<StepResult, 'loss'> {
  return {
    gradientNorm: scalarOf(outputs, 'gradient_norm', place),
    learningRate: scalarOf(outputs, 'learning_rate', place),
    ...('used_loss_scale' in outputs ? { lossScale: scalarOf(outputs, 'used_loss_scale', place) } : {}),
  };
}

const scalarOf = (outputs: Record<string, Tensor>, name: string, place = 0): number =>
  Number(outputs[name]?.data[place]);
