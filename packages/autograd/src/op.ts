import type { Emitter } from './emitter.js';
import type { Tensor, TensorType } from './tensor.js';

/**
 * The three rules of an operation. All are total: an operation without a gradient says so with `notDifferentiable`, and an operation
 * without an emission cannot be written down.
 */
export interface Op<Attributes extends object = object> {
  /** Types of the outputs. Throws when the inputs' dtypes or shapes do not fit, naming the operation and the shapes. */
  infer(inputs: readonly Tensor[], attributes: Attributes): readonly TensorType[];
  /** Cotangents of the inputs, `null` where none flows. */
  gradient(context: GradientContext<Attributes>): readonly (Tensor | null)[];
  /** Writes ONNX nodes and returns the names of the outputs. `''` stands for an optional input that is absent. */
  emit(emitter: Emitter, inputs: readonly string[], context: EmitContext<Attributes>): readonly string[];
  /** Folds the operation over scalar constants, where it is elementwise. */
  readonly evaluate?: (...values: number[]) => number;
}

export interface GradientContext<Attributes extends object> {
  readonly inputs: readonly Tensor[];
  readonly outputs: readonly Tensor[];
  readonly attributes: Attributes;
  /** Cotangent of each output; `null` where the loss does not depend on it. */
  readonly cotangents: readonly (Tensor | null)[];
}

export interface EmitContext<Attributes extends object> {
  readonly inputs: readonly Tensor[];
  readonly outputs: readonly Tensor[];
  readonly attributes: Attributes;
}
