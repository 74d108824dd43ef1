import {
  accumulate,
  add,
  adamW,
  type AdamWState,
  averageParameters,
  cast,
  clipFactor,
  crossEntropy,
  div,
  globalNorm,
  type Graph,
  type HalfPrecision,
  inHalfPrecision,
  input,
  isFiniteNumber,
  linear,
  type LossScaling,
  mul,
  scalar,
  schedule,
  type ScheduleOptions,
  type Tensor,
  type Tensors,
  totalWeight,
} from '@marquee/autograd';

import type { DistilBertConfig } from './config.js';
import { learningRateFactor } from './learning-rates.js';
import { distillationLoss, type DistillationOptions } from './distillation-loss.js';
import {
  type DeclaredLossScale,
  declareLossScale,
  LOSS_SCALE,
  lossScaleTensors,
  unlessOverflow,
} from './loss-scale.js';
import { distilBert, type DropoutSite } from './model.js';
import { isDecayed, type ParameterShapes, parameterShapes, wordEmbeddings } from './parameters.js';
import { slicedGradients } from './sliced-gradients.js';
import { floatBlocks } from './training-blocks.js';

export interface OptimizerOptions {
  readonly learningRate: number;
  readonly schedule: ScheduleOptions;
  readonly weightDecay: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  /** Gradients are scaled down to this global norm; 0 leaves them as they are. */
  readonly maxGradNorm: number;
  /** Factor of the learning rate from one layer to the next below. Default 1. */
  readonly layerwiseDecay?: number;
  /** Decay of the parameters' moving average, which is part of the state then. Default: none is kept. */
  readonly emaDecay?: number | undefined;
  /** For a scaled loss: the scale is part of the state then, and an update whose gradients overflow leaves all the rest as it was. */
  readonly lossScaling?: LossScaling | undefined;
}

export interface LossOptions {
  readonly labelSmoothing: number;
  /** One a class. Default: all classes weigh alike. */
  readonly classWeights?: readonly number[] | undefined;
  /** The linear maps are computed in float16, for which the loss is scaled by the input `loss_scale`. Default: float32 throughout. */
  readonly halfPrecision?: HalfPrecision | undefined;
  /** Tokens that are computed at a time. Default: what suits the caches of a CPU. */
  readonly tokensPerSlice?: number | undefined;
  /** Learns from `teacher_logits` [batch, num_labels], too; labels are neither smoothed nor weighed then. */
  readonly distillation?: DistillationOptions | undefined;
  /** Whether batches may hold padding; without it the graph has no `attention_mask`. */
  readonly padded: boolean;
}

/** Names of the graphs' inputs and outputs that stand beside a parameter's own name. */
export const firstMoment = (parameter: string): string => `first_moment.${parameter}`;
export const secondMoment = (parameter: string): string => `second_moment.${parameter}`;
export const averageOf = (parameter: string): string => `average.${parameter}`;
export const nextValue = (name: string): string => `next.${name}`;
export const gradientOf = (parameter: string): string => `gradient.${parameter}`;
export const dropoutMask = (site: string): string => `dropout.${site}`;

/** A site where activations are dropped, with its rate and the shape of its mask. */
export interface DropoutSpec {
  readonly site: DropoutSite;
  readonly rate: number;
  /** Of numbers and of the symbols `batch`, `seq` and `masked`; its leading axis is the batch. */
  readonly shape: readonly (number | string)[];
}

/** Every site with a rate above 0, in the order of the forward pass. */
export function dropoutSpecs(config: DistilBertConfig): DropoutSpec[] {
  const classifier = { site: 'classifier', rate: config.seq_classif_dropout, shape: ['batch', config.dim] } as const;
  return [...encoderDropoutSpecs(config, 1), classifier].filter(({ rate }) => rate > 0);
}

/** The sites of an encoder of whose last layer so many rows a sequence are read. */
export function encoderDropoutSpecs(config: DistilBertConfig, rowsPerSequence: number | string): DropoutSpec[] {
  const { dim, n_heads: heads, n_layers: layers } = config;
  const specs: DropoutSpec[] = [{ site: 'embeddings', rate: config.dropout, shape: ['batch', 'seq', dim] }];
  for (let layer = 0; layer < layers; layer += 1) {
    const rows = layer === layers - 1 ? rowsPerSequence : 'seq';
    specs.push(
      { site: `layer.${layer}.attention`, rate: config.attention_dropout, shape: ['batch', heads, rows, 'seq'] },
      { site: `layer.${layer}.ffn`, rate: config.dropout, shape: ['batch', rows, dim] },
    );
  }
  return specs.filter(({ rate }) => rate > 0);
}

interface BatchTensors {
  readonly inputs: Tensor[];
  readonly inputIds: Tensor;
  readonly attentionMask: Tensor | undefined;
  readonly labels: Tensor;
  readonly teacherLogits: Tensor | undefined;
  readonly dropoutMasks: Tensors;
}

function batchTensors(config: DistilBertConfig, { padded, distillation }: LossOptions): BatchTensors {
  const inputIds = input('input_ids', 'int64', ['batch', 'seq']);
  const attentionMask = padded ? input('attention_mask', 'int64', ['batch', 'seq']) : undefined;
  const labels = input('labels', 'int64', ['batch']);
  const teacherLogits = distillation && input('teacher_logits', 'float32', ['batch', config.num_labels]);
  const masks = dropoutSpecs(config).map(
    ({ site, shape }) => [site, input(dropoutMask(site), 'float32', shape)] as const,
  );
  const optional = [attentionMask, teacherLogits].filter((tensor) => tensor !== undefined);
  const inputs = [inputIds, labels, ...optional, ...masks.map(([, mask]) => mask)];
  return { inputs, inputIds, attentionMask, labels, teacherLogits, dropoutMasks: Object.fromEntries(masks) };
}

function lossAndGradients(
  config: DistilBertConfig,
  parameters: Tensors,
  batch: BatchTensors,
  loss: LossOptions,
  lossScale?: Tensor,
) {
  const { labelSmoothing, distillation, halfPrecision, tokensPerSlice } = loss;
  const classWeights = distillation ? undefined : loss.classWeights;
  const map = halfPrecision && inHalfPrecision(linear, halfPrecision);
  return slicedGradients(parameters, {
    lookUps: { words: { parameter: wordEmbeddings, ids: batch.inputIds } },
    whole: Object.keys(parameters).filter((name) => name !== wordEmbeddings),
    batch: {
      labels: batch.labels,
      ...(batch.attentionMask ? { attention_mask: batch.attentionMask } : {}),
      ...(batch.teacherLogits ? { teacher_logits: batch.teacherLogits } : {}),
      ...renameKeys(batch.dropoutMasks, dropoutMask),
    },
    lossOf: (trained, slice) => {
      const at = (name: string): Tensor => slice[name] as Tensor; // named above
      const dropoutMasks = sitesOf(dropoutSpecs(config), slice);
      const attentionMask = slice['attention_mask'];
      const logits = distilBert(
        config,
        floatBlocks(config, trained, { words: at('words'), attentionMask, dropoutMasks, linear: map }),
      );
      const labels = at('labels');
      return {
        loss: distillation
          ? distillationLoss(logits, labels, at('teacher_logits'), distillation)
          : crossEntropy(logits, labels, labelSmoothing, classWeights),
        logits,
      };
    },
    weightOf: ({ labels }) => totalWeight(labels as Tensor, classWeights), // named above
    lossScale,
    tokensPerSlice,
  });
}

/** Dropout masks by site, from inputs by name. */
export const sitesOf = (specs: readonly DropoutSpec[], inputs: Tensors): Record<string, Tensor> =>
  Object.fromEntries(specs.map(({ site }) => [site, inputs[dropoutMask(site)] as Tensor])); // declared from the same specs

export const declare = (
  shapes: ParameterShapes,
  rename: (name: string) => string = (name) => name,
): Record<string, Tensor> =>
  Object.fromEntries([...shapes].map(([name, shape]) => [name, input(rename(name), 'float32', shape)]));

export const renameKeys = (tensors: Tensors, rename: (name: string) => string): Record<string, Tensor> =>
  Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [rename(name), tensor]));

/**
 * One optimizer step in one graph: forward, gradients, clipping, AdamW. Inputs: the parameters, their moments, `step` (float64: updates
 * done so far), the batch and its dropout masks. Outputs: `next.*` of the parameters and moments, `loss`, `gradient_norm`, `learning_rate`.
 */
export function trainingStep(config: DistilBertConfig, loss: LossOptions, optimizer: OptimizerOptions): Graph {
  const state = declareState(parameterShapes(config), optimizer);
  const batch = batchTensors(config, loss);
  const scale = state.lossScale?.scale;
  const { outputs, gradients } = lossAndGradients(config, state.parameters, batch, loss, scale);
  const update = optimizerUpdate(config, state, gradients, optimizer);
  return {
    name: 'training_step',
    inputs: [...stateInputs(state), ...batch.inputs],
    outputs: { ...update, loss: outputs.loss },
  };
}

/** Forward and gradients of one micro-batch: inputs the parameters and the batch, outputs `gradient.*`, `loss` and `logits`. */
export function gradientStep(config: DistilBertConfig, loss: LossOptions): Graph {
  const parameters = declare(parameterShapes(config));
  const batch = batchTensors(config, loss);
  const scale = loss.halfPrecision && input(LOSS_SCALE, 'float32', []);
  const { outputs, gradients } = lossAndGradients(config, parameters, batch, loss, scale);
  return {
    name: 'gradient_step',
    inputs: [...Object.values(parameters), ...batch.inputs, ...(scale ? [scale] : [])],
    outputs: { ...renameKeys(gradients, gradientOf), loss: outputs.loss, logits: outputs.logits },
  };
}

/** As `gradientStep`, added to running means: inputs also `gradient.*`, outputs `next.gradient.*`. */
export function accumulationStep(config: DistilBertConfig, loss: LossOptions, microBatches: number): Graph {
  const parameters = declare(parameterShapes(config));
  const accumulated = declare(parameterShapes(config), gradientOf);
  const batch = batchTensors(config, loss);
  const scale = loss.halfPrecision && input(LOSS_SCALE, 'float32', []);
  const { outputs, gradients } = lossAndGradients(config, parameters, batch, loss, scale);
  return {
    name: 'accumulation_step',
    inputs: [...Object.values(parameters), ...Object.values(accumulated), ...batch.inputs, ...(scale ? [scale] : [])],
    outputs: {
      ...renameKeys(accumulate(accumulated, gradients, microBatches), (name) => nextValue(gradientOf(name))),
      loss: outputs.loss,
    },
  };
}

/** The update alone, from accumulated gradients: inputs the state and `gradient.*`, outputs as `trainingStep` without `loss`. */
export function updateStep(config: DistilBertConfig, optimizer: OptimizerOptions): Graph {
  const state = declareState(parameterShapes(config), optimizer);
  const gradients = declare(parameterShapes(config), gradientOf);
  return {
    name: 'update_step',
    inputs: [...stateInputs(state), ...Object.values(gradients)],
    outputs: optimizerUpdate(config, state, gradients, optimizer),
  };
}

export interface DeclaredState extends AdamWState {
  /** Of every parameter, or of none. */
  readonly averages: Tensors;
  readonly lossScale: DeclaredLossScale | undefined;
  /** Updates done so far, skipped ones not counted: float64. */
  readonly step: Tensor;
}

/** The inputs of a training step that it gives back updated. */
export const declareState = (shapes: ParameterShapes, { emaDecay, lossScaling }: OptimizerOptions): DeclaredState => ({
  parameters: declare(shapes),
  firstMoments: declare(shapes, firstMoment),
  secondMoments: declare(shapes, secondMoment),
  averages: emaDecay === undefined ? {} : declare(shapes, averageOf),
  lossScale: lossScaling && declareLossScale(),
  step: input('step', 'float64', []),
});

export const stateInputs = (state: DeclaredState): Tensor[] => [
  ...Object.values(tensorsOf(state)),
  ...Object.values(state.lossScale ? lossScaleTensors(state.lossScale) : {}),
  state.step,
];

/** Parameters, moments and averages by their names in the state. */
const tensorsOf = ({
  parameters,
  firstMoments,
  secondMoments,
  averages,
}: Omit<DeclaredState, 'lossScale' | 'step'>) => ({
  ...parameters,
  ...renameKeys(firstMoments, firstMoment),
  ...renameKeys(secondMoments, secondMoment),
  ...renameKeys(averages, averageOf),
});

/** Clipping, AdamW, averaging and loss scaling: `next.*` of the state, `gradient_norm`, `learning_rate` and, where the loss is scaled, `used_loss_scale`. */
export function optimizerUpdate(
  config: DistilBertConfig,
  state: DeclaredState,
  gradients: Tensors,
  options: OptimizerOptions,
): Record<string, Tensor> {
  const { lossScale } = state;
  const scale = lossScale?.scale ?? scalar(1);
  const norm = div(globalNorm(gradients), scale);
  const clip = options.maxGradNorm > 0 ? clipFactor(norm, options.maxGradNorm) : scalar(1);
  const learningRate = mul(schedule(state.step, options.schedule), options.learningRate);
  const next = adamW(
    { ...state, gradients, learningRate, gradientFactor: div(clip, scale) },
    {
      ...options,
      group: (name) => ({
        weightDecay: isDecayed(name) ? options.weightDecay : 0,
        learningRateFactor: learningRateFactor(config, name, options.layerwiseDecay ?? 1),
      }),
    },
  );
  const averaging = { averages: state.averages, parameters: next.parameters, step: state.step };
  const updated = tensorsOf({ ...next, averages: averageParameters(averaging, options.emaDecay ?? 0) });
  const kept =
    lossScale && options.lossScaling
      ? unlessOverflow({ updated, current: tensorsOf(state) }, lossScale, norm, options.lossScaling)
      : updated;
  const done = lossScale ? cast(isFiniteNumber(norm), 'float64') : 1;
  return {
    ...renameKeys(kept, nextValue),
    [nextValue('step')]: add(state.step, done),
    gradient_norm: norm,
    learning_rate: learningRate,
    ...(lossScale ? { used_loss_scale: lossScale.scale } : {}),
  };
}
