import { averageOf, firstMoment, nextValue, secondMoment, type Weights } from '@marquee/distilbert';
import { Tensor } from '@marquee/model-core';

/** Everything that an optimizer step changes: parameters, moments and, where they are kept, averages by graph input name, and how many updates were done. */
export interface TrainingState {
  readonly step: number;
  readonly tensors: Readonly<Record<string, Tensor>>;
}

/** The state before the first update: the given weights, zero moments, and averages that begin with the weights. */
export function initialState(
  weights: Weights,
  { averaged = false }: { readonly averaged?: boolean } = {},
): TrainingState {
  const tensors: Record<string, Tensor> = {};
  for (const [name, { shape, data }] of weights) {
    tensors[name] = new Tensor('float32', Float32Array.from(data), shape);
    tensors[firstMoment(name)] = new Tensor('float32', new Float32Array(data.length), shape);
    tensors[secondMoment(name)] = new Tensor('float32', new Float32Array(data.length), shape);
    if (averaged) tensors[averageOf(name)] = new Tensor('float32', Float32Array.from(data), shape);
  }
  return { step: 0, tensors };
}

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
