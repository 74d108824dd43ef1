import { ApiError } from '../http/api-error.js';

/** A `BYTES` tensor: of each element its length (4 bytes, little-endian), then its bytes. */
export function encodeBytesTensor(texts: readonly string[]): Buffer {
  return Buffer.concat(
    texts.flatMap((text) => {
      const bytes = Buffer.from(text);
      const length = Buffer.alloc(4);
      length.writeUInt32LE(bytes.length);
      return [length, bytes];
    }),
  );
}

/** Reads `count` texts of a `BYTES` tensor that fills the bytes exactly. Throws ApiError INVALID_REQUEST or MALFORMED_BODY. */
export function decodeBytesTensor(bytes: Uint8Array, count: number): string[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const texts: string[] = [];
  let offset = 0;
  while (offset < bytes.length && texts.length <= count) {
    const end = offset + 4 <= bytes.length ? offset + 4 + view.getUint32(offset, true) : Infinity;
    if (end > bytes.length) throw new ApiError('INVALID_REQUEST', 'A text of input "text" is longer than its tensor');
    texts.push(decodeText(bytes.subarray(offset + 4, end)));
    offset = end;
  }
  if (texts.length !== count || offset !== bytes.length) {
    throw new ApiError(
      'INVALID_REQUEST',
      `Input "text" has shape [${count}], but its bytes hold another number of texts`,
    );
  }
  return texts;
}

function decodeText(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw new ApiError('MALFORMED_BODY', 'A text of input "text" is not valid UTF-8', { cause });
  }
}

/** An `FP32` tensor: 4 bytes an element, little-endian, whatever the machine. */
export function encodeFloatTensor(values: Float32Array): Buffer {
  const bytes = Buffer.alloc(values.length * 4);
  values.forEach((value, index) => bytes.writeFloatLE(value, index * 4));
  return bytes;
}
