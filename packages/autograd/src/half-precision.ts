import { cast } from './functions.js';
import type { Tensor } from './tensor.js';

/** `float16`: the runtime has kernels for it. `emulated`: float32 kernels on values rounded to float16. */
export type HalfPrecision = 'float16' | 'emulated';

/**
 * A function of float32 tensors, computed in float16 as PyTorch's `autocast` would: arguments are rounded to float16, the result comes back in float32, and
 * gradients are rounded on their way back just so. Emulation keeps sums inside `f` in float32, as tensor cores do; it is for ONNX Runtime's CPU provider, which
 * computes float16 nodes in float32 and drops the casts around them.
 */
export function inHalfPrecision<Arguments extends readonly Tensor[]>(
  f: (...tensors: Arguments) => Tensor,
  precision: HalfPrecision,
): (...tensors: Arguments) => Tensor {
  const round = (x: Tensor): Tensor => cast(cast(x, 'float16'), 'float32');
  const lower = precision === 'emulated' ? round : (x: Tensor): Tensor => cast(x, 'float16');
  const raise = precision === 'emulated' ? round : (x: Tensor): Tensor => cast(x, 'float32');
  return (...tensors) => raise(f(...(tensors.map(lower) as readonly Tensor[] as Arguments)));
}
