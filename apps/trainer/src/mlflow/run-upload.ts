import { stat } from 'node:fs/promises';

import type { RunFile } from '../tracking/run-files.js';
import type { MlflowClient, MlflowRun } from './mlflow-client.js';
import { describeFailure, isSilence } from './mlflow-failure.js';

export interface MissingFile {
  readonly name: string;
  readonly reason: string;
}

/** More are counted. */
const MAX_NAMES = 10;

/**
 * Tries each file by itself, the small ones first. What did not arrive may together cost as much time as one answer, `patienceMs`; after that, or behind a
 * server that does not answer, what is left is not tried. Returns what did not arrive.
 */
export async function uploadFiles(
  client: MlflowClient,
  run: MlflowRun,
  files: readonly RunFile[],
  patienceMs: number,
): Promise<MissingFile[]> {
  const missing: MissingFile[] = [];
  let lostMs = 0;
  for (const { path, name } of await bySize(files)) {
    const last = missing.at(-1);
    if (last && lostMs >= patienceMs) {
      missing.push({ name, reason: last.reason });
      continue;
    }
    const startMs = performance.now();
    await client.uploadFile(run, path, name).catch((error: unknown) => {
      lostMs += isSilence(error) ? patienceMs : performance.now() - startMs;
      missing.push({ name, reason: describeFailure(error) });
    });
  }
  return missing;
}

/** `a, b (it answered 413); c (it does not answer in time)` */
export function describeMissing(missing: readonly MissingFile[]): string {
  const reasons = [...new Set(missing.map(({ reason }) => reason))];
  const named = missing.slice(0, MAX_NAMES);
  const groups = reasons.flatMap((reason) => {
    const names = named.filter((file) => file.reason === reason).map(({ name }) => name);
    return names.length > 0 ? [`${names.join(', ')} (${reason})`] : [];
  });
  return [...groups, ...(missing.length > MAX_NAMES ? [`${missing.length - MAX_NAMES} more`] : [])].join('; ');
}

async function bySize(files: readonly RunFile[]): Promise<RunFile[]> {
  const sizeOf = ({ path }: RunFile): Promise<number> =>
    stat(path).then(
      ({ size }) => size,
      () => 0, // its upload says what is wrong
    );
  const sized = await Promise.all(files.map(async (file) => ({ file, size: await sizeOf(file) })));
  return sized.sort((a, b) => a.size - b.size).map(({ file }) => file);
}
