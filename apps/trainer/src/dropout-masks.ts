import { dropoutMask, type DropoutSpec } from '@marquee/distilbert';
import { Tensor } from '@marquee/model-core';

export interface MaskPosition {
  readonly seed: number;
  /** Micro-batches run before this one, over the whole training. */
  readonly microStep: number;
}

/** Sizes of a batch by the symbols of the masks' shapes, as `batch` and `seq`. */
export type BatchSize = Readonly<Record<string, number>>;

export interface DropoutMasks {
  /** Feeds for every site. The tensors are valid until the next call: their memory is used again. */
  next(size: BatchSize, position: MaskPosition): Record<string, Tensor>;
}

/**
 * Dropout masks that are a function of seed, step and site alone, so that a resumed training drops what an uninterrupted one would have,
 * whatever session runs it. Elements are 0 with probability `rate` and 1/(1 − rate) otherwise.
 */
export function createDropoutMasks(specs: readonly DropoutSpec[]): DropoutMasks {
  const sites = specs.map((spec) => ({ ...spec, fill: createMaskFiller(spec.rate), buffer: new Float32Array(0) }));
  return {
    next(size, { seed, microStep }) {
      return Object.fromEntries(
        sites.map((site, index) => {
          const dims = site.shape.map((dim) => resolveDim(dim, size));
          const length = dims.reduce((product, dim) => product * dim, 1);
          if (site.buffer.length < length) site.buffer = new Float32Array(roundUp(length));
          site.fill(site.buffer.subarray(0, roundUp(length)), mix(mix(seed, microStep), index));
          return [dropoutMask(site.site), new Tensor('float32', site.buffer.subarray(0, length), dims)];
        }),
      );
    },
  };
}

/** A size by its symbol, or itself. */
export function resolveDim(dim: number | string, sizes: BatchSize): number {
  if (typeof dim === 'number') return dim;
  const size = sizes[dim];
  if (size === undefined) throw new RangeError(`bug: expected the size of dimension "${dim}", it is unknown`);
  return size;
}

/** Elements drawn from one 16-bit number, and from one 32-bit hash. */
const PATTERN_SIZE = 4;
const BLOCK_SIZE = 2 * PATTERN_SIZE;
const PATTERN_COUNT = 2 ** PATTERN_SIZE;
const DRAWS = 65_536;

const roundUp = (length: number): number => Math.ceil(length / BLOCK_SIZE) * BLOCK_SIZE;

/**
 * Returns a function that fills a mask, whose length is a multiple of 8, from a key. 16 random bits choose one of the 16 patterns of four elements with the probability
 * that the pattern has, to within 1/65,536: a hash then serves eight elements, and a pattern is copied as two 64-bit words.
 */
function createMaskFiller(rate: number): (mask: Float32Array, key: number) => void {
  const patternOf = drawPatterns(rate);
  const keep = 1 / (1 - rate);
  const patterns = Float32Array.from({ length: PATTERN_COUNT * PATTERN_SIZE }, (_, i) =>
    isDropped(i >> 2, i & 3) ? 0 : keep,
  );
  const words = new Float64Array(patterns.buffer); // pairs of a mask's values are never the bits of a NaN
  return (mask, key) => {
    const target = new Float64Array(mask.buffer, mask.byteOffset, mask.length / 2);
    for (let i = 0; i < target.length; i += BLOCK_SIZE / 2) {
      const bits = hash(i ^ key, key);
      const first = 2 * (patternOf[bits & 0xffff] as number); // every index is within the tables
      const second = 2 * (patternOf[bits >>> 16] as number);
      target[i] = words[first] as number;
      target[i + 1] = words[first + 1] as number;
      target[i + 2] = words[second] as number;
      target[i + 3] = words[second + 1] as number;
    }
  };
}

const isDropped = (pattern: number, place: number): boolean => ((pattern >> place) & 1) === 1;

/** Pattern of each 16-bit number: as many numbers for a pattern as its probability asks for. */
function drawPatterns(rate: number): Uint8Array {
  const patternOf = new Uint8Array(DRAWS);
  let cumulative = 0;
  for (let pattern = 0; pattern < PATTERN_COUNT; pattern += 1) {
    const start = Math.round(cumulative * DRAWS);
    for (let place = 0, probability = 1; place < PATTERN_SIZE; place += 1) {
      probability *= isDropped(pattern, place) ? rate : 1 - rate;
      if (place === PATTERN_SIZE - 1) cumulative += probability;
    }
    patternOf.fill(pattern, start, Math.round(cumulative * DRAWS));
  }
  return patternOf;
}

const mix = (a: number, b: number): number => hash(a ^ Math.imul(b + 1, 0x9e3779b9), b);

/** A 32-bit integer hash of low bias (constants: C. Wellons, "hash-prospector", lowbias32), keyed between its rounds. */
function hash(counter: number, key: number): number {
  let x = Math.imul(counter ^ (counter >>> 16), 0x7feb352d) + key;
  x = Math.imul(x ^ (x >>> 15), 0x846ca68b);
  return (x ^ (x >>> 16)) >>> 0;
}
