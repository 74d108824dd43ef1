import { firstMoment, nextValue, secondMoment, type Weights } from '@marquee/distilbert';
import { Tensor } from '@marquee/model-core';

/** Everything that an optimizer step changes: parameters and moments by graph input name, and how many updates were done. */
export interface TrainingState {
  readonly step: number;
  readonly tensors: Readonly<Record<string, Tensor>>;
}

/** The state before the first update: the given weights, zero moments. */
export function initialState(weights: Weights): TrainingState {
  const tensors: Record<string, Tensor> = {};
  for (const [name, { shape, data }] of weights) {
    tensors[name] = new Tensor('float32', Float32Array.from(data), shape);
    tensors[firstMoment(name)] = new Tensor('float32', new Float32Array(data.length), shape);
    tensors[secondMoment(name)] = new Tensor('float32', new Float32Array(data.length), shape);
  }
  return { step: 0, tensors };
}

/** The parameters of the model that a state stands for. */
export function modelParameters({ tensors }: TrainingState, names: Iterable<string>): Record<string, Tensor> {
  return Object.fromEntries(Array.from(names, (name) => [name, tensors[name] as Tensor])); // the state holds every parameter
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
