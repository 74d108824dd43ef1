import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

import { decodeSafetensors, toFloat32 } from '@marquee/safetensors';

import { runForJson } from './child-process.js';

const SCRIPT = fileURLToPath(new URL('../python/parity_reference.py', import.meta.url));

/** What bench/python/parity_reference.py prints, by command. */
export interface TrainReference {
  readonly versions: { readonly torch: string; readonly transformers: string };
  readonly parameters: number;
  readonly logits: readonly (readonly number[])[];
  readonly loss: number;
  readonly losses: readonly number[];
  readonly gradientNorms: readonly number[];
  readonly files: { readonly batch: string; readonly gradients: string; readonly trained: string };
}

export interface EncodeReference {
  readonly cls: readonly (readonly number[])[];
}

export interface ClassifyReference {
  readonly maxLength: number;
  readonly tokenizer: string;
  readonly model: string;
  readonly inputIds: readonly (readonly number[])[];
  readonly logits: readonly (readonly number[])[];
  readonly labels: readonly string[];
}

/** Asks PyTorch and transformers; options go to the script under its names. */
export async function askReference(
  python: string,
  command: 'train' | 'encode' | 'classify',
  options: Readonly<Record<string, string | number>>,
): Promise<unknown> {
  const args = Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)]);
  return runForJson(python, [SCRIPT, command, ...args]);
}

/** The float32 tensors of a safetensors file, one after the other, so that only one is converted at a time. */
export async function* readFloatTensors(path: string): AsyncGenerator<readonly [string, Float32Array]> {
  for (const [name, tensor] of decodeSafetensors(await readFile(path), path).tensors) yield [name, toFloat32(tensor)];
}
