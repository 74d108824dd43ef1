import { Tensor } from '@marquee/model-core';

type Elements = Float32Array | BigInt64Array;

/**
 * Room for tensors of one name, of several batches, in one tensor with a leading axis: [count, ...dims]. Shorter sequences are followed by zeros, which as
 * ids are padding where the attention mask is 0, too.
 */
export interface FeedStack {
  readonly tensor: Tensor;
  /** Copies a batch's tensor to its place; its dims are at most those of the stack. */
  put(place: number, tensor: Tensor): void;
}

export function createFeedStack(dtype: 'float32' | 'int64', count: number, dims: readonly number[]): FeedStack {
  const size = dims.reduce((product, dim) => product * dim, 1);
  const data = dtype === 'float32' ? new Float32Array(count * size) : new BigInt64Array(count * size);
  return {
    tensor: new Tensor(dtype, data, [count, ...dims]),
    put: (place, tensor) => copyPadded(tensor, data.subarray(place * size, (place + 1) * size), dims),
  };
}

/** Copies row by row along the last axis, each to where its index leads in the larger dims. */
function copyPadded(source: Tensor, target: Elements, dims: readonly number[]): void {
  const width = source.dims.at(-1) ?? 1;
  const rowDims = source.dims.slice(0, -1);
  const from = source.data as Elements;
  for (let row = 0; row * width < from.length; row += 1) {
    let rest = row;
    let offset = 0;
    let stride = dims.at(-1) ?? 1;
    for (let axis = rowDims.length - 1; axis >= 0; axis -= 1) {
      const dim = rowDims[axis] as number; // within the dims
      offset += (rest % dim) * stride;
      rest = Math.floor(rest / dim);
      stride *= dims[axis] as number;
    }
    // Both are of the dtype that the graph declares.
    (target as Float32Array).set(from.subarray(row * width, (row + 1) * width) as Float32Array, offset);
  }
}
