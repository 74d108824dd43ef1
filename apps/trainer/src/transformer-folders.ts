import { join } from 'node:path';

import { memberFolder, readManifest } from '@marquee/model-core';

/** The folders of an artifact's transformers: itself, or those among its members; none for a linear model. */
export async function transformerFolders(dir: string): Promise<string[]> {
  const manifest = await readManifest(dir);
  if (manifest.kind === 'transformer') return [dir];
  if (manifest.kind === 'linear') return [];
  const members = Object.keys(manifest.blend.weights).map((name) => join(dir, memberFolder(name)));
  return (await Promise.all(members.map(transformerFolders))).flat();
}
