import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll } from 'vitest';

import { DatasetError, type ReadReviewsOptions, readReviews } from '../src/index.js';

const folders: string[] = [];

afterAll(async () => {
  await Promise.all(folders.splice(0).map((folder) => rm(folder, { recursive: true, force: true })));
});

/** Writes a file into a temporary folder, which is removed after the tests of the calling file. */
export async function writeTemporary(content: string | Uint8Array, name = 'reviews.csv'): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'marquee-dataset-'));
  folders.push(folder);
  const file = join(folder, name);
  await writeFile(file, content);
  return file;
}

/** The error with which reading `content` ends. */
export async function readingError(
  content: string | Uint8Array,
  options?: ReadReviewsOptions,
  name?: string,
): Promise<DatasetError> {
  return errorOf(readReviews(await writeTemporary(content, name), options));
}

/** The `DatasetError` with which a promise is rejected. */
export async function errorOf(promise: Promise<unknown>): Promise<DatasetError> {
  const outcome = await promise.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (outcome instanceof DatasetError) return outcome;
  throw new Error(`expected a DatasetError, got ${String(outcome)}`);
}

/** A field as a CSV writer puts it down: in quotes, inner quotes doubled. */
export function quoted(text: string): string {
  return `"${text.replaceAll('"', '""')}"`;
}
