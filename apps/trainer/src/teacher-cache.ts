import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { decodeSafetensors, encodeSafetensors, toFloat32 } from '@marquee/safetensors';

import { writeDurably } from './durable-write.js';

/** Everything that decides what a teacher answers to some reviews. */
export interface AnswerKey {
  /** Digest of its manifest, which names the digests of its files. */
  readonly teacherSha256: string;
  readonly graph: string;
  readonly rowDigests: readonly string[];
}

/** A folder of teachers' answers, each piece under the digest of its key. Losing it costs time alone. */
export interface TeacherCache {
  /** A margin for each row of the key; undefined where there are none, or what is there is damaged. */
  read(key: AnswerKey): Promise<Float32Array | undefined>;
  /** Throws `WRITE_FAILED`. */
  write(key: AnswerKey, margins: Float32Array): Promise<void>;
}

/** To be raised when the same files answer in another way. */
const CACHE_FORMAT = 'marquee-answers-1';
const TENSOR = 'margins';

/** Opens the cache in a folder, which is made at the first write. */
export function openTeacherCache(dir: string): TeacherCache {
  const pathOf = (digest: string): string => join(dir, `${digest.slice(0, 32)}.safetensors`);
  return {
    async read(key) {
      const digest = digestOf(key);
      const bytes = await readFile(pathOf(digest)).catch(() => undefined);
      const margins = bytes && decode(bytes, digest);
      return margins?.length === key.rowDigests.length ? margins : undefined;
    },
    async write(key, margins) {
      const digest = digestOf(key);
      const data = new Uint8Array(margins.buffer, margins.byteOffset, margins.byteLength);
      const tensor = { dtype: 'F32', shape: [margins.length], data } as const;
      await writeDurably(pathOf(digest), encodeSafetensors([[TENSOR, tensor]], { key: digest, data: sha256(data) }));
    },
  };
}

const digestOf = ({ teacherSha256, graph, rowDigests }: AnswerKey): string =>
  sha256(JSON.stringify([CACHE_FORMAT, teacherSha256, graph, rowDigests]));

function decode(bytes: Uint8Array, key: string): Float32Array | undefined {
  try {
    const { tensors, metadata } = decodeSafetensors(bytes);
    const tensor = tensors.get(TENSOR);
    const isWhole = metadata['key'] === key && tensor?.dtype === 'F32' && metadata['data'] === sha256(tensor.data);
    return isWhole ? Float32Array.from(toFloat32(tensor)) : undefined;
  } catch {
    return undefined; // cut short, or no safetensors file
  }
}

const sha256 = (data: string | Uint8Array): string => createHash('sha256').update(data).digest('hex');
