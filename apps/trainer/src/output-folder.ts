import { mkdir, readdir, rm, statfs } from 'node:fs/promises';
import { join } from 'node:path';

import { MANIFEST_FILE, readManifest } from '@marquee/model-core';

import { writeDurably } from './durable-write.js';
import type { TrainOptions } from './train-options.js';
import { TrainerError } from './trainer-error.js';

export const TRAIN_LOG_FILE = 'train_log.jsonl';

/** The folder of a run whose user named none: `runs/2026-11-24T04-05-06`. */
export const defaultOutputDir = (now: Date): string => join('runs', now.toISOString().slice(0, 19).replaceAll(':', '-'));

/**
 * Makes the output folder usable before anything is trained: empty, or meant to be overwritten or resumed; writable; with room for the checkpoints.
 * Overwriting removes what an earlier run wrote, and nothing else.
 */
export async function prepareOutputFolder(options: TrainOptions, parameterCount: number): Promise<void> {
  const { outputDir, overwriteOutputDir, resumeFromCheckpoint, saveTotalLimit } = options;
  const present = await readdir(outputDir).catch(() => []);
  if (present.length > 0 && !overwriteOutputDir && resumeFromCheckpoint === undefined) {
    const ways = '--overwrite-output-dir empties it, --resume-from-checkpoint goes on from its newest checkpoint';
    throw new TrainerError('OUTPUT_NOT_EMPTY', `${outputDir}: expected an empty folder, it holds ${present.length} entries; ${ways}`);
  }
  if (overwriteOutputDir && resumeFromCheckpoint === undefined) await removeEarlierRun(outputDir, present);
  await writeDurably(join(outputDir, '.write-test'), '');
  await rm(join(outputDir, '.write-test'));
  await requireSpace(outputDir, parameterCount, saveTotalLimit);
}

async function removeEarlierRun(outputDir: string, present: readonly string[]): Promise<void> {
  const manifest = await readManifest(outputDir).catch(() => undefined);
  const ours = present.filter((name) => /^checkpoint-\d+(\.tmp)?$/.test(name));
  const names = [...ours, TRAIN_LOG_FILE, ...Object.keys(manifest?.files ?? {}), MANIFEST_FILE];
  for (const name of names) await rm(join(outputDir, name), { recursive: true, force: true });
}

/** A checkpoint holds three float32 numbers a parameter, and one more is on disk while it is being written. */
async function requireSpace(outputDir: string, parameterCount: number, checkpoints: number): Promise<void> {
  await mkdir(outputDir, { recursive: true });
  const { bavail, bsize } = await statfs(outputDir);
  const available = bavail * bsize;
  const needed = parameterCount * (12 * (checkpoints + 1) + 4);
  if (available >= needed) return;
  const inMegabytes = (bytes: number): string => `${Math.round(bytes / 1e6)} MB`;
  throw new TrainerError(
    'WRITE_FAILED',
    `${outputDir}: expected ${inMegabytes(needed)} of free space for checkpoints and model, the disk has ${inMegabytes(available)}`,
  );
}
