import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';

import { Tensor } from '@marquee/model-core';
import { decodeSafetensors, encodeSafetensors, type StoredTensor, toFloat32 } from '@marquee/safetensors';

import { writeFolderDurably } from './durable-write.js';
import type { Evaluation } from './model-selection.js';
import { TrainerError } from './trainer-error.js';
import type { TrainingState } from './training-state.js';

const STATE_FILE = 'training_state.safetensors';
const RUN_FILE = 'trainer_state.json';
const FORMAT_VERSION = 2;

/** What a checkpoint says beside its tensors. */
export interface CheckpointRun {
  readonly step: number;
  /** Digest of everything that decides the numbers: options, data, starting weights. A resume under another is refused. */
  readonly fingerprint: string;
  /** The options behind the fingerprint, for a message. */
  readonly options: CheckpointOptions;
  /** Evaluations so far; that of this very step is still to come. */
  readonly evaluations: readonly Evaluation[];
}

export type CheckpointOptions = Readonly<Record<string, string | number | boolean | null>>;

export interface Checkpoint {
  readonly path: string;
  readonly run: CheckpointRun;
  readonly state: TrainingState;
}

const CHECKPOINT_NAME = /^checkpoint-(\d+)$/;
export const checkpointName = (step: number): string => `checkpoint-${step}`;
export const isCheckpointName = (name: string): boolean => CHECKPOINT_NAME.test(name);
/** Also of one that was being written when its process died. */
export const isCheckpointTrace = (name: string): boolean => /^checkpoint-\d+(\.tmp)?$/.test(name);

/** Which checkpoints stay: `limit` in all, of these the newest and the best, even where the limit is 1. */
export interface CheckpointRetention {
  readonly limit: number;
  /** Step of the best model so far, where that is known. */
  readonly best?: number | undefined;
}

/** Writes `checkpoint-<step>` into the output folder, then removes older ones beyond the limit. Returns its path. */
export async function saveCheckpoint(
  outputDir: string,
  state: TrainingState,
  run: CheckpointRun,
  retention: CheckpointRetention,
): Promise<string> {
  const path = join(outputDir, checkpointName(state.step));
  const tensors = Object.entries(state.tensors).map(([name, tensor]) => [name, toStored(tensor)] as const);
  const summary = JSON.stringify({ formatVersion: FORMAT_VERSION, ...run }, null, 2);
  await writeFolderDurably(
    path,
    new Map<string, Uint8Array | string>([
      [STATE_FILE, encodeSafetensors(tensors)],
      [RUN_FILE, `${summary}\n`],
    ]),
  );
  const upToThis = (await listCheckpoints(outputDir)).filter((step) => step <= state.step);
  for (const step of surplus(upToThis, retention))
    await rm(join(outputDir, checkpointName(step)), { recursive: true, force: true });
  return path;
}

/** The oldest steps beyond the limit, never the newest nor the best. */
function surplus(steps: readonly number[], { limit, best }: CheckpointRetention): number[] {
  const spendable = steps.slice(0, -1).filter((step) => step !== best);
  return spendable.slice(0, Math.max(0, steps.length - limit));
}

/** Steps of the complete checkpoints of a folder, oldest first. Half-written ones carry a temporary name. */
export async function listCheckpoints(outputDir: string): Promise<number[]> {
  const names = await readdir(outputDir).catch(() => []);
  const steps = names.flatMap((name) => CHECKPOINT_NAME.exec(name)?.[1] ?? []);
  return steps.map(Number).sort((a, b) => a - b);
}

/** The newest checkpoint of an output folder, or undefined when it has none. */
export async function latestCheckpoint(outputDir: string): Promise<string | undefined> {
  const step = (await listCheckpoints(outputDir)).at(-1);
  return step === undefined ? undefined : join(outputDir, checkpointName(step));
}

/** Reads a checkpoint folder. Throws `INVALID_CHECKPOINT` with what is missing or wrong. */
export async function loadCheckpoint(path: string): Promise<Checkpoint> {
  const run = await readRun(path);
  try {
    const { tensors } = decodeSafetensors(await readFile(join(path, STATE_FILE)), join(path, STATE_FILE));
    const loaded = [...tensors].map(([name, stored]) => [name, fromStored(stored)] as const);
    return { path, run, state: { step: run.step, tensors: Object.fromEntries(loaded) } };
  } catch (cause) {
    throw invalid(path, `a readable ${STATE_FILE}`, cause);
  }
}

async function readRun(path: string): Promise<CheckpointRun> {
  try {
    const parsed = JSON.parse(await readFile(join(path, RUN_FILE), 'utf8')) as CheckpointRun & {
      formatVersion?: unknown;
    };
    const valid =
      Number.isSafeInteger(parsed.step) &&
      typeof parsed.fingerprint === 'string' &&
      typeof parsed.options === 'object' &&
      Array.isArray(parsed.evaluations);
    if (parsed.formatVersion === FORMAT_VERSION && valid) return parsed;
  } catch (cause) {
    throw invalid(path, `a checkpoint folder with ${RUN_FILE}`, cause);
  }
  throw invalid(
    path,
    `a ${RUN_FILE} of format version ${FORMAT_VERSION} with step, fingerprint, options and evaluations`,
  );
}

function invalid(path: string, expectation: string, cause?: unknown): TrainerError {
  const reason = cause instanceof Error ? `: ${cause.message}` : '';
  return new TrainerError('INVALID_CHECKPOINT', `${path}: expected ${expectation}${reason}`, { cause });
}

function toStored(tensor: Tensor): StoredTensor {
  const data = tensor.data as Float32Array;
  return { dtype: 'F32', shape: tensor.dims, data: new Uint8Array(data.buffer, data.byteOffset, data.byteLength) };
}

const fromStored = (stored: StoredTensor): Tensor =>
  new Tensor('float32', Float32Array.from(toFloat32(stored)), stored.shape);
