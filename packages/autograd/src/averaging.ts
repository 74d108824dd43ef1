import { add, cast, div, minimum, mul, sub } from './functions.js';
import { lookUp, type Tensors } from './gradient.js';
import type { Tensor } from './tensor.js';

export interface Averaging {
  readonly averages: Tensors;
  /** After the update that is to be taken in. */
  readonly parameters: Tensors;
  /** float64 scalar: updates done before that one. */
  readonly step: Tensor;
}

/**
 * Exponential moving average of parameters: a ← a + (1 − d) (p − a). With n updates done, d is the lesser of `decay` and (1 + n) / (10 + n), so that early
 * averages are not held by the starting values (TensorFlow's `ExponentialMovingAverage` with `num_updates`).
 */
export function averageParameters({ averages, parameters, step }: Averaging, decay: number): Record<string, Tensor> {
  const effectiveDecay = minimum(div(add(step, 1), add(step, 10)), decay);
  const weight = cast(sub(1, effectiveDecay), 'float32');
  return Object.fromEntries(
    Object.entries(averages).map(([name, average]) => {
      const parameter = lookUp('averageParameters', parameters, name);
      return [name, add(average, mul(sub(parameter, average), weight))];
    }),
  );
}
