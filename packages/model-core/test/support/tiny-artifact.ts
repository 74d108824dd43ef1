import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { type ModelFiles, TINY_DRAFT, tinyFiles, writeArtifact } from '@marquee/fixtures';

import type { JsonObject, Manifest, ManifestDraft } from '../../src/index.js';
import { temporaryFolder } from './folders.js';

/** Writes the files and their manifest into a temporary folder and gives its path. */
export async function writeTinyArtifact(
  files: ModelFiles = tinyFiles(),
  draft: Partial<ManifestDraft<'transformer'>> = {},
): Promise<string> {
  const dir = await temporaryFolder();
  await writeArtifact(dir, files, { ...TINY_DRAFT, ...draft });
  return dir;
}

/** Replaces the manifest as somebody would who does not use `writeManifest`. */
export async function rewriteManifest(dir: string, manifest: Manifest | JsonObject): Promise<void> {
  await writeFile(join(dir, 'manifest.json'), JSON.stringify(manifest));
}
