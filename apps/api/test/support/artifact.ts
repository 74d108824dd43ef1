import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TINY_DRAFT, tinyFiles } from '../../../../packages/model-core/test/support/tiny-artifact.js';
import {
  TINY_LINEAR_DRAFT,
  tinyLinearFiles,
  writeFiles,
  writeTinyWhole,
} from '../../../../packages/model-core/test/support/tiny-members.js';

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
  writeTemporary((dir) => writeFiles(dir, files, TINY_DRAFT));

/** A linear model that knows the same words. */
export const writeTinyLinear = (): Promise<TemporaryArtifact> =>
  writeTemporary((dir) => writeFiles(dir, tinyLinearFiles(), TINY_LINEAR_DRAFT));

/** Both in a cascade: the linear model answers what it knows. */
export const writeTinyCascade = (): Promise<TemporaryArtifact> => writeTemporary((dir) => writeTinyWhole(dir));
