import { existsSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';

import {
  type Manifest,
  MANIFEST_FILE,
  memberFile,
  memberFolder,
  readManifest,
  verifyArtifact,
} from '@marquee/model-core';

import { updateManifest } from './artifact-writer.js';
import { describeBlend } from './blend-card.js';
import { writeDurably } from './durable-write.js';
import { CARD_FILE } from './model-card.js';

/** A blend or cascade, and the name of one of its members. */
export interface EnclosingArtifact {
  readonly dir: string;
  readonly manifest: Manifest;
  readonly member: string;
}

/**
 * The blend or cascade whose member a folder is, verified but for the files of the member that are renewed, and what follows from them; undefined for a folder
 * that stands alone. Throws as `verifyArtifact`.
 */
export async function findEnclosing(
  folder: string,
  renewed: readonly string[],
): Promise<EnclosingArtifact | undefined> {
  const path = resolve(folder);
  const dir = dirname(dirname(path));
  const member = basename(path);
  if (join(dir, memberFolder(member)) !== path || !existsSync(join(dir, MANIFEST_FILE))) return undefined;
  const found = await readManifest(dir);
  if (!('blend' in found) || !Object.hasOwn(found.blend.weights, member)) return undefined;
  const following = [...renewed, MANIFEST_FILE].map((path) => memberFile(member, path));
  return { dir, manifest: await verifyArtifact(dir, { except: [...following, CARD_FILE] }), member };
}

/** Enters a member that was changed in the manifest of the whole, which holds a digest of each of its files, and what else is new there. */
export async function renewEnclosing(
  { dir, manifest, member }: EnclosingArtifact,
  changes: Pick<Manifest, 'equivalence'> = {},
): Promise<void> {
  const { files } = await readManifest(join(dir, memberFolder(member)));
  const added = [...Object.keys(files), MANIFEST_FILE].map((path) => memberFile(member, path));
  const changed = { ...manifest, ...changes };
  await writeDurably(join(dir, CARD_FILE), describeBlend(changed));
  await updateManifest(dir, changed, [...added, CARD_FILE]);
}
