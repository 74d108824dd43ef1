import { SafetensorsError } from './safetensors-error.js';
import { requireByteLength, type StoredTensor, storedByteLength } from './stored-tensor.js';

// The bytes of a typed array are taken as they lie: every platform that onnxruntime-node is built for is little-endian.

/** Smallest magnitude (as float32 bits) that rounds to infinity in half precision: 65,520. */
const HALF_OVERFLOW_BITS = 0x477ff000;
/** Smallest normal half: 2^-14. */
const HALF_NORMAL_BITS = 0x38800000;
const INFINITY_BITS = 0x7f800000;
/** Exponent biases 127 and 15, their difference at float32's exponent position. */
const BIAS_DIFFERENCE = (127 - 15) << 23;

let halfTable: Uint32Array | undefined;

/**
 * Widens F32, F16 or BF16 to a new float32 array in the same row-major order; exact, NaN payloads included.
 * @throws SafetensorsError `UNSUPPORTED_DTYPE` for any other dtype, `INVALID_SHAPE` where the shape does not describe the bytes
 */
export function toFloat32(tensor: StoredTensor): Float32Array<ArrayBuffer> {
  requireByteLength(tensor, 'toFloat32');
  switch (tensor.dtype) {
    case 'F32': {
      const values = new Float32Array(tensor.data.length / 4);
      new Uint8Array(values.buffer).set(tensor.data);
      return values;
    }
    case 'F16':
      return widenHalf(alignedUint16(tensor.data));
    case 'BF16':
      return widenBfloat16(alignedUint16(tensor.data));
    default:
      throw new SafetensorsError('UNSUPPORTED_DTYPE', `expected F32, F16 or BF16, got ${tensor.dtype}`);
  }
}

/**
 * Stores float32 values: F32 shares the memory of `values`, F16 rounds to nearest, ties to even. Infinities and NaN stay
 * what they are.
 * @throws SafetensorsError `OUT_OF_RANGE` with the index of the first finite value beyond half precision's 65,504
 */
export function fromFloat32(values: Float32Array, shape: readonly number[], dtype: 'F32' | 'F16'): StoredTensor {
  if (storedByteLength('F32', shape) !== values.byteLength) {
    throw new SafetensorsError('INVALID_SHAPE', `shape [${shape.join(', ')}] does not hold ${values.length} values`);
  }
  const elements = dtype === 'F32' ? values : narrowToHalf(values);
  return { dtype, shape: [...shape], data: new Uint8Array(elements.buffer, elements.byteOffset, elements.byteLength) };
}

function alignedUint16(data: Uint8Array): Uint16Array {
  const bytes = data.byteOffset % 2 === 0 ? data : new Uint8Array(data); // a Buffer's slice would be a view
  return new Uint16Array(bytes.buffer, bytes.byteOffset, bytes.length / 2);
}

function widenHalf(halves: Uint16Array): Float32Array<ArrayBuffer> {
  // 256 kB, so it stays in the second-level cache while 67 million values pass.
  halfTable ??= Uint32Array.from({ length: 65_536 }, (_, bits) => halfToFloat32Bits(bits));
  const table = halfTable;
  const words = new Uint32Array(halves.length);
  // In range by construction: a Uint16Array holds indexes of the table alone.
  for (let i = 0; i < halves.length; i++) words[i] = table[halves[i]!]!;
  return new Float32Array(words.buffer);
}

function halfToFloat32Bits(half: number): number {
  const sign = (half & 0x8000) << 16;
  const exponent = (half >> 10) & 0x1f;
  const mantissa = half & 0x3ff;
  if (exponent === 0x1f) return sign | INFINITY_BITS | (mantissa << 13);
  if (exponent !== 0) return sign | (((exponent << 23) | (mantissa << 13)) + BIAS_DIFFERENCE);
  if (mantissa === 0) return sign;
  // A subnormal half is mantissa × 2^-24, normal in float32: its leading one becomes implicit.
  const shift = Math.clz32(mantissa) - 21;
  return sign | ((113 - shift) << 23) | (((mantissa << shift) & 0x3ff) << 13);
}

function widenBfloat16(values: Uint16Array): Float32Array<ArrayBuffer> {
  const words = new Uint32Array(values.length);
  for (let i = 0; i < values.length; i++) words[i] = values[i]! << 16; // i is within both arrays
  return new Float32Array(words.buffer);
}

function narrowToHalf(values: Float32Array): Uint16Array<ArrayBuffer> {
  const words = new Uint32Array(values.buffer, values.byteOffset, values.length);
  const halves = new Uint16Array(values.length);
  const rounding = new Float32Array(1);
  const roundingBits = new Uint32Array(rounding.buffer);
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!; // i is within the array
    const sign = (word >>> 16) & 0x8000;
    const magnitude = word & 0x7fffffff;
    if (magnitude >= HALF_OVERFLOW_BITS) {
      halves[i] = sign | infinityOrNan(magnitude, i);
    } else if (magnitude >= HALF_NORMAL_BITS) {
      // Half a unit of the last kept place, less one for an even place: carries only when rounding up.
      halves[i] = sign | ((magnitude - BIAS_DIFFERENCE + 0xfff + ((magnitude >>> 13) & 1)) >>> 13);
    } else {
      // The unit of floats in [0.5, 1) is 2^-24, which is the unit of subnormal halves: the addition rounds to even.
      rounding[0] = Math.abs(values[i]!) + 0.5; // i is within the array
      halves[i] = sign | (roundingBits[0]! - 0x3f000000); // the buffer holds one word
    }
  }
  return halves;
}

function infinityOrNan(magnitude: number, index: number): number {
  if (magnitude < INFINITY_BITS) {
    throw new SafetensorsError('OUT_OF_RANGE', `value ${index} is beyond half precision's largest, 65504`);
  }
  if (magnitude === INFINITY_BITS) return 0x7c00;
  // Quiet, with the payload's upper bits, as F16C's VCVTPS2PH does.
  return 0x7e00 | ((magnitude >>> 13) & 0x3ff);
}
