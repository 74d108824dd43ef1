import type { LossScaling } from '@marquee/autograd';
import {
  averageOf,
  firstMoment,
  initialLossScale,
  nextValue,
  secondMoment,
  SKIPPED_STEPS,
  type Weights,
} from '@marquee/distilbert';
import { Tensor } from '@marquee/model-core';

/** Everything that an optimizer step changes: how many were taken, and by graph input name parameters, moments and, where there are such, averages and loss scale. */
export interface TrainingState {
  readonly step: number;
  readonly tensors: Readonly<Record<string, Tensor>>;
}

export interface StateOptions {
  /** Whether averages of the parameters are kept. */
  readonly averaged?: boolean;
  /** For a loss that is scaled. */
  readonly lossScaling?: LossScaling | undefined;
}

/** The state before the first update: the given weights, zero moments, and averages that begin with the weights. */
export function initialState(weights: Weights, { averaged = false, lossScaling }: StateOptions = {}): TrainingState {
  const tensors: Record<string, Tensor> = {};
  for (const [name, { shape, data }] of weights) {
    tensors[name] = new Tensor('float32', Float32Array.from(data), shape);
    tensors[firstMoment(name)] = new Tensor('float32', new Float32Array(data.length), shape);
    tensors[secondMoment(name)] = new Tensor('float32', new Float32Array(data.length), shape);
    if (averaged) tensors[averageOf(name)] = new Tensor('float32', Float32Array.from(data), shape);
  }
  for (const [name, value] of Object.entries(lossScaling ? initialLossScale(lossScaling) : {}))
    tensors[name] = new Tensor('float32', Float32Array.of(value), []);
  return { step: 0, tensors };
}

/** Steps that were taken without an update, since float16 could not hold their gradients. */
export const skippedSteps = ({ tensors }: TrainingState): number => Number(tensors[SKIPPED_STEPS]?.data[0] ?? 0);

/** The parameters of the model that a state stands for: their averages where they are kept. */
export function modelParameters({ tensors }: TrainingState, names: Iterable<string>): Record<string, Tensor> {
  const entries = Array.from(names, (name) => [name, tensors[averageOf(name)] ?? (tensors[name] as Tensor)] as const); // the state holds every parameter
  return Object.fromEntries(entries);
}

/** A second set of buffers, so that a step writes beside the state that it reads: a failed step leaves the state as it was. */
export function likeState({ tensors }: TrainingState): TrainingState {
  const entries = Object.entries(tensors).map(([name, { data, dims }]) => [
    name,
    new Tensor('float32', new Float32Array(data.length), dims),
  ]);
  return { step: 0, tensors: Object.fromEntries(entries) as Record<string, Tensor> };
}

export const asOutputs = ({ tensors }: TrainingState): Record<string, Tensor> =>
  Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [nextValue(name), tensor]));
