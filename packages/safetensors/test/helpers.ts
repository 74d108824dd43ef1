import { readFileSync } from 'node:fs';

import { SafetensorsError, type SafetensorsErrorCode } from '../src/index.js';

interface Reference {
  readonly file: string;
  readonly fileWithoutMetadata: string;
  readonly float32Bits: Record<'z.weight' | 'a.half' | 'a.brain' | 'scalar', number[]>;
  readonly widenedDigests: Record<'F16' | 'BF16', string>;
  readonly narrowed: [float32Bits: number, halfBits: number][];
}

/** Written by oracles/generate.py, which names the versions that it ran on. */
export const reference = JSON.parse(
  readFileSync(new URL('oracles/reference.json', import.meta.url), 'utf8'),
) as Reference;

export function fromBase64(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'base64'));
}

/** A file from a header's text (or a value that is written as JSON) and a number of zero bytes of data. */
export function fileOf(header: unknown, dataBytes = 0): Uint8Array {
  const text = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  return new Uint8Array(Buffer.concat([length, text, Buffer.alloc(dataBytes)]));
}

export function codeOf(action: () => unknown): SafetensorsErrorCode | undefined {
  try {
    action();
  } catch (error) {
    if (error instanceof SafetensorsError) return error.code;
    throw error;
  }
  return undefined;
}
