import {
  add,
  cast,
  cos,
  div,
  less,
  maximum,
  minimum,
  mul,
  pow,
  reduceSumSquare,
  scalar,
  sqrt,
  sub,
  where,
} from './functions.js';
import { lookUp, type Tensors } from './gradient.js';
import type { Tensor } from './tensor.js';

export type ScheduleKind = 'linear' | 'cosine' | 'constant';

export interface ScheduleOptions {
  readonly kind: ScheduleKind;
  /** Steps over which the rate grows from 0. */
  readonly warmupSteps: number;
  readonly totalSteps: number;
}

/**
 * Factor of the learning rate before the update number `step` (float64 scalar, counted from 0): the schedules of transformers'
 * `get_linear_schedule_with_warmup`, `get_cosine_schedule_with_warmup` and `get_constant_schedule_with_warmup`.
 */
export function schedule(step: Tensor, { kind, warmupSteps, totalSteps }: ScheduleOptions): Tensor {
  const warm = div(step, Math.max(1, warmupSteps));
  const progress = div(sub(step, warmupSteps), Math.max(1, totalSteps - warmupSteps));
  return where(less(step, warmupSteps), warm, afterWarmup(kind, progress));
}

function afterWarmup(kind: ScheduleKind, progress: Tensor): Tensor {
  switch (kind) {
    case 'constant':
      return scalar(1, 'float64');
    case 'linear':
      return maximum(sub(1, progress), 0);
    case 'cosine':
      return maximum(mul(add(cos(mul(progress, Math.PI)), 1), 0.5), 0);
  }
}

/** √Σ g², over all the gradients together. */
export function globalNorm(gradients: Tensors): Tensor {
  const [first = scalar(0), ...others] = Object.values(gradients).map((gradient) => reduceSumSquare(gradient));
  return sqrt(others.reduce((sum, square) => add(sum, square), first));
}

/** Factor that brings the global norm down to `maxNorm`, at most 1: PyTorch's `clip_grad_norm_`. */
export function clipFactor(norm: Tensor, maxNorm: number): Tensor {
  return minimum(div(scalar(maxNorm), add(norm, 1e-6)), 1);
}

export interface ParameterGroup {
  readonly weightDecay: number;
  /** Factor of the learning rate, for layer-wise rates. */
  readonly learningRateFactor: number;
}

export interface AdamWOptions {
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  /** The group of a parameter by its name. */
  readonly group: (name: string) => ParameterGroup;
}

export interface AdamWState {
  readonly parameters: Tensors;
  readonly firstMoments: Tensors;
  readonly secondMoments: Tensors;
}

export interface AdamWUpdate extends AdamWState {
  readonly gradients: Tensors;
  /** float64 scalar: updates done before this one. */
  readonly step: Tensor;
  /** float64 scalar. */
  readonly learningRate: Tensor;
  /** float32 scalar by which all the gradients are multiplied, as clipping gives it. */
  readonly gradientFactor: Tensor;
}

/**
 * One update of AdamW (Loshchilov and Hutter 2019): decay decoupled from the gradient, moments corrected for their bias. Scalars are
 * computed in float64, as PyTorch's Python does: 1 − 0.999 in float32 is wrong by 1.3e-5 of itself.
 */
export function adamW(update: AdamWUpdate, { beta1, beta2, epsilon, group }: AdamWOptions): AdamWState {
  const count = add(update.step, 1);
  const correction1 = sub(1, pow(scalar(beta1, 'float64'), count));
  const rootCorrection2 = sqrt(sub(1, pow(scalar(beta2, 'float64'), count)));
  const factor = cast(update.gradientFactor, 'float64');
  const gradientWeight = cast(mul(factor, 1 - beta1), 'float32');
  const squareWeight = cast(mul(mul(factor, factor), 1 - beta2), 'float32');
  // m̂ / (√v̂ + ε) = (√c₂ / c₁) · m / (√v + ε √c₂): the corrections are scalars, so no pass over the moments is spent on them.
  const scaledEpsilon = cast(mul(rootCorrection2, epsilon), 'float32');
  const stepSize = div(mul(update.learningRate, rootCorrection2), correction1);

  const next = { parameters: {}, firstMoments: {}, secondMoments: {} } as Record<
    keyof AdamWState,
    Record<string, Tensor>
  >;
  for (const [name, gradient] of Object.entries(update.gradients)) {
    const { weightDecay, learningRateFactor } = group(name);
    const m = add(mul(lookUp('adamW', update.firstMoments, name), beta1), mul(gradient, gradientWeight));
    const v = add(mul(lookUp('adamW', update.secondMoments, name), beta2), mul(mul(gradient, gradient), squareWeight));
    const direction = div(m, add(sqrt(v), scaledEpsilon));
    const keep = sub(1, mul(update.learningRate, weightDecay * learningRateFactor));
    const parameter = lookUp('adamW', update.parameters, name);
    const decayed = weightDecay === 0 ? parameter : mul(parameter, cast(keep, 'float32'));
    next.parameters[name] = sub(decayed, mul(direction, cast(mul(stepSize, learningRateFactor), 'float32')));
    next.firstMoments[name] = m;
    next.secondMoments[name] = v;
  }
  return next;
}

/** Running mean of gradients over micro-batches: `accumulated + gradient / microBatches`. */
export function accumulate(accumulated: Tensors, gradients: Tensors, microBatches: number): Record<string, Tensor> {
  return Object.fromEntries(
    Object.entries(gradients).map(([name, gradient]) => [
      name,
      add(lookUp('accumulate', accumulated, name), mul(gradient, 1 / microBatches)),
    ]),
  );
}
