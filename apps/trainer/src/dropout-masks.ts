import { dropoutMask, type DropoutSpec } from '@marquee/distilbert';
import { Tensor } from '@marquee/model-core';

export interface MaskPosition {
  readonly seed: number;
  /** Micro-batches run before this one, over the whole training. */
  readonly microStep: number;
}

export interface BatchSize {
  readonly batch: number;
  readonly seq: number;
}

export interface DropoutMasks {
  /** Feeds for every site. The tensors are valid until the next call: their memory is used again. */
  next(size: BatchSize, position: MaskPosition): Record<string, Tensor>;
}

/**
 * Dropout masks that are a function of seed, step and site alone, so that a resumed training drops what an uninterrupted one would have,
 * whatever session runs it. Elements are 0 with probability `rate` and 1/(1 − rate) otherwise.
 */
export function createDropoutMasks(specs: readonly DropoutSpec[]): DropoutMasks {
  const buffers = new Map<string, Float32Array>();
  return {
    next(size, { seed, microStep }) {
      return Object.fromEntries(
        specs.map(({ site, rate, shape }, index) => {
          const dims = shape.map((dim) => resolveDim(dim, size));
          const length = dims.reduce((product, dim) => product * dim, 1);
          const buffer = bufferFor(buffers, site, length);
          fillMask(buffer, rate, mix(mix(seed >>> 0, microStep >>> 0), index));
          return [dropoutMask(site), new Tensor('float32', buffer, dims)];
        }),
      );
    },
  };
}

function resolveDim(dim: number | string, { batch, seq }: BatchSize): number {
  if (typeof dim === 'number') return dim;
  const sizes: Readonly<Record<string, number>> = { batch, seq, 'batch*seq': batch * seq };
  const size = sizes[dim];
  if (size === undefined) throw new RangeError(`bug: a dropout mask has the unknown dimension "${dim}"`);
  return size;
}

function bufferFor(buffers: Map<string, Float32Array>, site: string, length: number): Float32Array {
  const existing = buffers.get(site);
  if (existing && existing.length >= length) return existing.subarray(0, length);
  const grown = new Float32Array(length);
  buffers.set(site, grown);
  return grown;
}

/** Two elements from each 32-bit hash of (key, counter): 16 bits put the rate within 1/65,536 of what was asked. */
export function fillMask(mask: Float32Array, rate: number, key: number): void {
  const dropBelow = Math.round(rate * 65_536);
  const keep = 1 / (1 - rate);
  const values = Float32Array.of(keep, 0);
  for (let i = 0; i < mask.length; i += 2) {
    const bits = hash(i ^ key, key);
    mask[i] = values[((bits & 0xffff) - dropBelow) >>> 31] as number; // sign bit: 1 where dropped
    mask[i + 1] = values[((bits >>> 16) - dropBelow) >>> 31] as number; // past an odd end a typed array ignores the write
  }
}

const mix = (a: number, b: number): number => hash(a ^ Math.imul(b + 1, 0x9e3779b9), b);

/** A 32-bit integer hash of low bias (constants: C. Wellons, "hash-prospector", lowbias32), keyed between its rounds. */
function hash(counter: number, key: number): number {
  let x = Math.imul(counter ^ (counter >>> 16), 0x7feb352d) + key;
  x = Math.imul(x ^ (x >>> 15), 0x846ca68b);
  return (x ^ (x >>> 16)) >>> 0;
}
