import { add, equal, less, mul, where } from './functions.js';
import type { Tensor } from './tensor.js';

/** How the factor of the loss follows what float16 can hold. */
export interface LossScaling {
  readonly initialScale: number;
  readonly growthFactor: number;
  readonly backoffFactor: number;
  /** Updates in a row without overflow after which the scale grows. */
  readonly growthInterval: number;
}

/** Those of PyTorch's `GradScaler`. */
export const DEFAULT_LOSS_SCALING: LossScaling = {
  initialScale: 65_536,
  growthFactor: 2,
  backoffFactor: 0.5,
  growthInterval: 2000,
};

export interface LossScale {
  /** float32 scalar by which the loss is multiplied before it is differentiated. */
  readonly scale: Tensor;
  /** float32 scalar: updates without overflow since the scale last changed. */
  readonly goodSteps: Tensor;
}

/** Whether a norm, and so every number in it, is finite: a bool scalar. */
export const isFiniteNumber = (norm: Tensor): Tensor => less(norm, Infinity);

/** The scale for the next update (Micikevicius et al. 2018; PyTorch's `GradScaler.update`, which never lets it grow past the finite). */
export function nextLossScale(current: LossScale, finite: Tensor, options: LossScaling): LossScale {
  const counted = add(current.goodSteps, 1);
  const grows = equal(counted, options.growthInterval);
  const larger = mul(current.scale, options.growthFactor);
  const grown = where(isFiniteNumber(larger), larger, current.scale);
  return {
    scale: where(finite, where(grows, grown, current.scale), mul(current.scale, options.backoffFactor)),
    goodSteps: where(finite, where(grows, mul(counted, 0), counted), mul(counted, 0)),
  };
}
