import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { writeManifest } from '@marquee/model-core';
import { TINY_DRAFT, tinyFiles } from '../../../../packages/model-core/test/support/tiny-artifact.js';

export interface TemporaryArtifact extends AsyncDisposable {
  readonly dir: string;
}

/** Writes model-core's tiny artifact (a classifier that knows "good", "great" and "bad") to a folder of its own. */
export async function writeTinyArtifact(): Promise<TemporaryArtifact> {
  const dir = await mkdtemp(join(tmpdir(), 'marquee-api-'));
  const files = tinyFiles();
  for (const [path, contents] of files) {
    await mkdir(dirname(join(dir, path)), { recursive: true });
    await writeFile(join(dir, path), contents);
  }
  await writeManifest(dir, TINY_DRAFT, files.keys());
  return { dir, [Symbol.asyncDispose]: () => rm(dir, { recursive: true, force: true }) };
}
