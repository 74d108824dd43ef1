import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  TINY_DRAFT,
  TINY_LINEAR_DRAFT,
  tinyFiles,
  tinyLinearFiles,
  writeArtifact,
  writeTinyWhole,
} from '@marquee/fixtures';

export interface TemporaryArtifact extends AsyncDisposable {
  readonly dir: string;
}

/** Writes an artifact into a folder that is gone when disposed of. */
export async function writeTemporary(write: (dir: string) => Promise<unknown>): Promise<TemporaryArtifact> {
  const dir = await mkdtemp(join(tmpdir(), 'marquee-api-'));
  await write(dir);
  return { dir, [Symbol.asyncDispose]: () => rm(dir, { recursive: true, force: true }) };
}

/** Writes model-core's tiny artifact (a classifier that knows "good", "great" and "bad") to a folder of its own. */
export const writeTinyArtifact = (files = tinyFiles()): Promise<TemporaryArtifact> =>
  writeTemporary((dir) => writeArtifact(dir, files, TINY_DRAFT));

/** A linear model that knows the same words. */
export const writeTinyLinear = (): Promise<TemporaryArtifact> =>
  writeTemporary((dir) => writeArtifact(dir, tinyLinearFiles(), TINY_LINEAR_DRAFT));

/** Both in a cascade: the linear model answers what it knows. */
export const writeTinyCascade = (): Promise<TemporaryArtifact> => writeTemporary((dir) => writeTinyWhole(dir));
