import { readdir, rm, stat, statfs } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, relative } from 'node:path';

import { MANIFEST_FILE, readManifest } from '@marquee/model-core';

import { isCheckpointTrace, listCheckpoints } from './checkpoint.js';
import { DATA_REPORT_FILE, SPLIT_FILE } from './data-files.js';
import { requireWritableFolder } from './durable-write.js';
import { MLFLOW_FILE } from './mlflow/mlflow-mirror.js';
import { readRunRecord, RUN_FILE } from './tracking/run-record.js';
import { RESULT_FILES, RESULTS_FOLDER } from './report/result-files.js';
import type { TrainOptions } from './train-options.js';
import { TrainerError } from './trainer-error.js';

export const TRAIN_LOG_FILE = 'train_log.jsonl';

type OutputOptions = Pick<TrainOptions, 'outputDir' | 'overwriteOutputDir' | 'modelNameOrPath' | 'saveTotalLimit'>;

/** The folder of a run whose user named none: `runs/2026-11-24T04-05-06`. */
export const defaultOutputDir = (now: Date): string =>
  join('runs', now.toISOString().slice(0, 19).replaceAll(':', '-'));

/**
 * Refuses an output folder that cannot be meant, before anything is read: it is a file, or the starting model's (or holds it), or holds something and is
 * neither to be overwritten nor the home of the checkpoint that the run goes on from. Changes nothing.
 */
export async function checkOutputFolder(options: OutputOptions, checkpoint: string | undefined): Promise<void> {
  const { outputDir, overwriteOutputDir, modelNameOrPath } = options;
  const isFile = await stat(outputDir).then(
    (found) => !found.isDirectory(),
    () => false,
  );
  if (isFile) throw new TrainerError('INVALID_OPTION', `--output-dir: expected a folder, got the file ${outputDir}`);
  requireApart(outputDir, [modelNameOrPath]);
  const goesOn = checkpoint !== undefined && dirname(checkpoint) === outputDir;
  if (overwriteOutputDir && goesOn) {
    const conflict = `would remove ${checkpoint}, which --resume-from-checkpoint asks for; expected one of the two`;
    throw new TrainerError('INVALID_OPTION', `--overwrite-output-dir: ${conflict}`);
  }
  const present = await readdir(outputDir).catch(() => []);
  if (present.length === 0 || overwriteOutputDir || goesOn) return;
  const ways =
    '--overwrite-output-dir removes what an earlier run wrote, --resume-from-checkpoint goes on from its newest checkpoint';
  throw new TrainerError(
    'OUTPUT_NOT_EMPTY',
    `${outputDir}: expected an empty folder, it holds ${present.length} ${present.length === 1 ? 'entry' : 'entries'}; ${ways}`,
  );
}

/** Refuses an output folder that is that of a model which is read, or holds it. What is no absolute path is a name on the hub. */
export function requireApart(outputDir: string, models: readonly string[]): void {
  const inside = models.find((model) => isAbsolute(model) && !relative(outputDir, model).startsWith('..'));
  if (inside === undefined) return;
  const where = inside === outputDir ? '' : `, which holds ${inside}`;
  throw new TrainerError(
    'INVALID_OPTION',
    `--output-dir: expected another folder than that of a model it is made from, got ${outputDir}${where}`,
  );
}

/** Refuses a folder whose run, or the run whose results it holds, is another command's: they would be replaced. Throws `OUTPUT_NOT_EMPTY`. */
export async function requireNoOtherRun(outputDir: string, command: string): Promise<void> {
  const folders = [outputDir, ...(basename(outputDir) === RESULTS_FOLDER ? [dirname(outputDir)] : [])];
  for (const folder of folders) {
    const owner = await readRunRecord(folder);
    if (!owner || owner.command === command) continue;
    const found = `${join(folder, RUN_FILE)} is of ${owner.command}, whose results would be replaced`;
    throw new TrainerError(
      'OUTPUT_NOT_EMPTY',
      `${outputDir}: expected a folder of its own for ${command}, but ${found}; name another --output-dir`,
    );
  }
}

/**
 * Makes a checked output folder ready: what an earlier run wrote is removed when it is to be overwritten (and nothing else), the folder is writable,
 * and has room for the checkpoints.
 */
export async function prepareOutputFolder(
  options: OutputOptions,
  parameterCount: number,
  { averaged = false }: { readonly averaged?: boolean } = {},
): Promise<void> {
  const { outputDir, overwriteOutputDir, saveTotalLimit } = options;
  await requireWritableFolder(outputDir);
  const present = await readdir(outputDir);
  if (overwriteOutputDir) await removeEarlierRun(outputDir, present);
  const halfWritten = present.filter((name) => isCheckpointTrace(name) && name.endsWith('.tmp'));
  for (const name of halfWritten) await rm(join(outputDir, name), { recursive: true, force: true });
  const kept = overwriteOutputDir ? 0 : (await listCheckpoints(outputDir)).length;
  // The newest and the best stay whatever the limit is, and while one is written there is one more.
  // It holds three float32 numbers a parameter, four with its average; the model takes some 4 bytes each.
  const checkpoints = Math.max(0, Math.max(saveTotalLimit, 2) + 1 - kept);
  await requireSpace(outputDir, parameterCount * (checkpoints * (averaged ? 16 : 12) + 4));
}

async function removeEarlierRun(outputDir: string, present: readonly string[]): Promise<void> {
  const manifest = await readManifest(outputDir).catch(() => undefined);
  const names = [
    ...present.filter(isCheckpointTrace),
    TRAIN_LOG_FILE,
    DATA_REPORT_FILE,
    SPLIT_FILE,
    RUN_FILE,
    ...Object.values(RESULT_FILES).map((name) => join(RESULTS_FOLDER, name)),
    MLFLOW_FILE,
    ...Object.keys(manifest?.files ?? {}),
    MANIFEST_FILE,
  ];
  for (const name of names) await rm(join(outputDir, name), { recursive: true, force: true });
}

async function requireSpace(outputDir: string, needed: number): Promise<void> {
  const { bavail, bsize } = await statfs(outputDir);
  const available = bavail * bsize;
  if (available >= needed) return;
  const inMegabytes = (bytes: number): string => `${Math.round(bytes / 1e6)} MB`;
  throw new TrainerError(
    'WRITE_FAILED',
    `${outputDir}: expected ${inMegabytes(needed)} of free space for checkpoints and model, the disk has ${inMegabytes(available)}`,
  );
}
