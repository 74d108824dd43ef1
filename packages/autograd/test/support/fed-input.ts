import { Tensor as RuntimeTensor } from '@marquee/model-core';

import { input, type Shape, type Tensor } from '../../src/index.js';

type FedType = 'float32' | 'float64' | 'int64' | 'int32' | 'bool';

/** A graph input together with the numbers that it is fed. */
export interface Fed {
  readonly name: string;
  readonly tensor: Tensor;
  readonly values: readonly number[];
  readonly dims: readonly number[];
  readonly dtype: FedType;
}

export interface FedOptions {
  readonly dtype?: FedType;
  /** The shape that the graph declares, where it is not the dims themselves. */
  readonly shape?: Shape;
}

export function fed(name: string, dims: readonly number[], values: readonly number[], options: FedOptions = {}): Fed {
  const { dtype = 'float32', shape = dims } = options;
  return { name, tensor: input(name, dtype, shape), values, dims, dtype };
}

export function runtimeTensor(dtype: FedType, values: readonly number[], dims: readonly number[]): RuntimeTensor {
  switch (dtype) {
    case 'float32':
      return new RuntimeTensor(dtype, Float32Array.from(values), dims);
    case 'float64':
      return new RuntimeTensor(dtype, Float64Array.from(values), dims);
    case 'int64':
      return new RuntimeTensor(dtype, BigInt64Array.from(values, BigInt), dims);
    case 'int32':
      return new RuntimeTensor(dtype, Int32Array.from(values), dims);
    case 'bool':
      return new RuntimeTensor(dtype, Uint8Array.from(values), dims);
  }
}

/** The numbers of a tensor, integers and booleans included. */
export function numbersOf(tensor: RuntimeTensor | undefined): number[] {
  if (!tensor) throw new RangeError('expected an output of this name, found none');
  return Array.from(tensor.data as Float32Array | BigInt64Array, Number);
}

/** Uniform in [0, 1), the same for the same seed: mulberry32. */
export function createUniform(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let bits = Math.imul(state ^ (state >>> 15), 1 | state);
    bits = (bits + Math.imul(bits ^ (bits >>> 7), 61 | bits)) ^ bits;
    return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32;
  };
}

const sizeOf = (dims: readonly number[]): number => dims.reduce((size, dim) => size * dim, 1);

export interface DrawOptions extends FedOptions {
  readonly seed: number;
  readonly low?: number;
  readonly high?: number;
}

/** Uniform values on a grid of 2⁻¹⁰: what a step of a power of two away is exact in float32. */
export function draw(name: string, dims: readonly number[], options: DrawOptions): Fed {
  const { seed, low = -1.5, high = 1.5 } = options;
  const uniform = createUniform(seed);
  const value = (): number => Math.round((low + (high - low) * uniform()) * 1024) / 1024;
  return fed(name, dims, Array.from({ length: sizeOf(dims) }, value), options);
}

/**
 * Shuffled values that are a quarter apart and `offset` off the multiples of a quarter: far enough from each other, from zero, and from those of another
 * offset that no step of a central difference crosses a kink.
 */
export function spaced(
  name: string,
  dims: readonly number[],
  options: FedOptions & { seed: number; offset: number },
): Fed {
  const uniform = createUniform(options.seed);
  const size = sizeOf(dims);
  const order = Array.from({ length: size }, (_, i) => ({ i, key: uniform() })).sort((a, b) => a.key - b.key);
  return fed(
    name,
    dims,
    order.map(({ i }) => (i - Math.floor(size / 2)) / 4 + options.offset),
    options,
  );
}
