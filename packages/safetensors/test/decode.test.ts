import { describe, expect, it } from 'vitest';

import { decodeSafetensors, MAX_HEADER_BYTES, toFloat32 } from '../src/index.js';
import { codeOf, fileOf, fromBase64, reference } from './helpers.js';

const F32_PAIR = { dtype: 'F32', shape: [2], data_offsets: [0, 8] };

function decodingCode(header: unknown, dataBytes = 0) {
  return codeOf(() => decodeSafetensors(fileOf(header, dataBytes)));
}

describe('decodeSafetensors', () => {
  it('reads every tensor of a file that the reference implementation wrote', () => {
    const { tensors, metadata } = decodeSafetensors(fromBase64(reference.file));
    expect(metadata).toEqual({ format: 'pt' });
    expect(Object.fromEntries([...tensors].map(([name, { dtype, shape }]) => [name, [dtype, shape]]))).toEqual({
      'z.weight': ['F32', [2, 3]],
      'a.half': ['F16', [5]],
      'a.brain': ['BF16', [1, 3]],
      '10': ['I64', [2, 1]],
      'é "quoted"': ['BOOL', [3]],
      scalar: ['F32', []],
      empty: ['F32', [0, 4]],
      bytes: ['U8', [2]],
      signed: ['I8', [2]],
      words: ['I32', [1]],
    });
    expect([...tensors.get('10')!.data]).toEqual([1, 0, 0, 0, 0, 0, 0, 0, 254, ...Array<number>(7).fill(255)]);
    expect([...tensors.get('é "quoted"')!.data]).toEqual([1, 0, 1]);
  });

  it('gives the values that PyTorch holds', () => {
    const { tensors } = decodeSafetensors(fromBase64(reference.file));
    for (const [name, bits] of Object.entries(reference.float32Bits)) {
      expect([...new Uint32Array(toFloat32(tensors.get(name)!).buffer)], name).toEqual(bits);
    }
  });

  it('reads a file without metadata', () => {
    const { tensors, metadata } = decodeSafetensors(fromBase64(reference.fileWithoutMetadata));
    expect(metadata).toEqual({});
    expect([...toFloat32(tensors.get('w')!)]).toEqual([1.5, -2]);
  });

  it('gives views of the bytes, not copies', () => {
    const bytes = fileOf({ a: F32_PAIR }, 8);
    expect(decodeSafetensors(bytes).tensors.get('a')!.data.buffer).toBe(bytes.buffer);
  });

  it('reads bytes that begin at an odd address', () => {
    const file = fromBase64(reference.file);
    const shifted = new Uint8Array(file.length + 1).subarray(1);
    shifted.set(file);
    const { tensors } = decodeSafetensors(shifted);
    for (const [name, bits] of Object.entries(reference.float32Bits)) {
      expect([...new Uint32Array(toFloat32(tensors.get(name)!).buffer)], name).toEqual(bits);
    }
  });

  it('keeps names that are keys of Object.prototype apart', () => {
    const header = '{"__proto__":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}';
    expect([...decodeSafetensors(fileOf(header, 1)).tensors.keys()]).toEqual(['__proto__']);
  });

  it('names the subject, the tensor and both figures when a shape and its bytes disagree', () => {
    expect(() => decodeSafetensors(fileOf({ w: { ...F32_PAIR, shape: [3] } }, 8), 'model.safetensors')).toThrow(
      'model.safetensors: tensor "w": its F32 shape takes 12 bytes, but its data_offsets span 8',
    );
  });

  it('clips a long name in its message', () => {
    expect(() => decodeSafetensors(fileOf({ ['n'.repeat(10_000)]: {} }))).toThrow(/^.{0,220}$/s);
  });
});

describe('a header that lies', () => {
  it.each([0, 7])('is refused in a file of %i bytes', (length) => {
    expect(codeOf(() => decodeSafetensors(new Uint8Array(length)))).toBe('INVALID_HEADER');
  });

  it.each([9n, BigInt(MAX_HEADER_BYTES) + 1n, 2n ** 53n, 2n ** 64n - 1n])(
    'claims %i bytes of a file of 16',
    (length) => {
      const bytes = new Uint8Array(16);
      new DataView(bytes.buffer).setBigUint64(0, length, true);
      expect(codeOf(() => decodeSafetensors(bytes))).toBe('HEADER_TOO_LARGE');
    },
  );

  it.each([
    ['is empty', ''],
    ['is not JSON', '{"a":'],
    ['is an array', '[]'],
    ['begins with a space', ' {}'],
    ['begins with a byte order mark', '\uFEFF{}'],
    ['gives a tensor that is null', { a: null }],
    ['gives a tensor that is an array', { a: [] }],
    ['lacks offsets', { a: { dtype: 'F32', shape: [2] } }],
    ['has a field too many', { a: { ...F32_PAIR, stride: [1] } }],
    ['has metadata that is a list', { __metadata__: [] }],
    ['has metadata that is null', { __metadata__: null }],
    ['has metadata with a number', { __metadata__: { format: 1 } }],
    [
      'names a tensor twice',
      '{"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}',
    ],
    [
      'names a tensor twice, once escaped',
      '{"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},"\\u0061":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}',
    ],
    ['gives a shape twice', '{"a":{"dtype":"U8","shape":[1],"shape":[0],"data_offsets":[0,0]}}'],
    ['gives metadata twice', '{"__metadata__":{"a":"1"},"__metadata__":{"a":"1"}}'],
  ])('and %s is refused', (_, header) => {
    expect(decodingCode(header, 8)).toBe('INVALID_HEADER');
  });

  it('and is not UTF-8 is refused', () => {
    const bytes = fileOf('{"a":1}');
    bytes[10] = 0xff;
    expect(codeOf(() => decodeSafetensors(bytes))).toBe('INVALID_HEADER');
  });

  it.each(['F4', 'f32', 'toString', '', null, 5, ['F32']])('about the dtype %j is refused', (dtype) => {
    expect(decodingCode({ a: { ...F32_PAIR, dtype } }, 8)).toBe('UNSUPPORTED_DTYPE');
  });

  it.each([
    [[3]],
    [[-2]],
    [[1.5]],
    [['2']],
    [[null]],
    [[2 ** 53]],
    [[2 ** 31, 2 ** 31, 2 ** 31]],
    [[2 ** 40, 2 ** 40, 0]],
    [2],
    [{}],
    [[NaN]],
  ])('about the shape %j is refused', (shape) => {
    expect(decodingCode({ a: { ...F32_PAIR, shape } }, 8)).toBe('INVALID_SHAPE');
  });

  it.each([[[0, 16]], [[8, 0]], [[-8, 0]], [[0]], [[0, 8, 8]], [['0', '8']], [[0, 2 ** 53]], [null], [[0.5, 8.5]]])(
    'about the offsets %j is refused',
    (data_offsets) => {
      expect(decodingCode({ a: { ...F32_PAIR, data_offsets } }, 8)).toBe('INVALID_OFFSETS');
    },
  );

  it.each([
    ['overlap', { a: F32_PAIR, b: { ...F32_PAIR, data_offsets: [4, 12] } }, 12],
    ['share their bytes', { a: F32_PAIR, b: F32_PAIR }, 8],
    ['leave a hole', { a: F32_PAIR, b: { ...F32_PAIR, data_offsets: [12, 20] } }, 20],
    ['begin after the start', { a: { ...F32_PAIR, data_offsets: [4, 12] } }, 12],
    ['end before the file does', { a: F32_PAIR }, 9],
    ['are none, in a file with data', {}, 1],
  ])('about tensors that %s is refused', (_, header, dataBytes) => {
    expect(decodingCode(header, dataBytes)).toBe('INVALID_OFFSETS');
  });

  it('of a terabyte is refused without allocating it', () => {
    const before = process.memoryUsage().arrayBuffers;
    const header = { a: { dtype: 'F32', shape: [2 ** 38], data_offsets: [0, 2 ** 40] } };
    expect(decodingCode(header, 8)).toBe('INVALID_OFFSETS');
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(2 ** 20);
  });
});
