import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { encodeLinearModel, fitLinearModel } from '@marquee/linear';

import {
  LINEAR_FILE,
  MANIFEST_FILE,
  type ManifestDraft,
  memberFile,
  memberFolder,
  writeManifest,
} from '../../src/index.js';
import { TINY_DRAFT, tinyFiles } from './tiny-artifact.js';

type Files = ReadonlyMap<string, Uint8Array | string>;

const PRAISE = ['good', 'a good film', 'great', 'the great movie'];
const BLAME = ['bad', 'a bad film', 'dull', 'the dull movie'];

/** Sure of "good", "great", "bad" and "dull"; any other word weighs nothing. */
export const tinyLinearModel = fitLinearModel([...PRAISE, ...BLAME], [...PRAISE.map(() => 1), ...BLAME.map(() => 0)], {
  minReviews: 2,
  tolerance: 1e-6,
  maxPasses: 1000,
});

const COMMON = { createdAt: '2026-01-02T03:04:05.000Z', labels: ['negative', 'positive'] } as const;

export const TINY_LINEAR_DRAFT: ManifestDraft<'linear'> = { kind: 'linear', ...COMMON, parameters: 2 ** 20 + 1 };
export const TINY_BLEND_DRAFT: ManifestDraft<'blend'> = {
  kind: 'blend',
  ...COMMON,
  parameters: 100,
  blend: { weights: { linear: 0.5, transformer: 2 }, bias: 0.25 },
};
export const TINY_CASCADE_DRAFT: ManifestDraft<'cascade'> = {
  ...TINY_BLEND_DRAFT,
  kind: 'cascade',
  cascade: { threshold: 1 },
};

export const tinyLinearFiles = (): Map<string, Uint8Array | string> =>
  new Map([[LINEAR_FILE, encodeLinearModel(tinyLinearModel)]]);

/** Writes files and manifest into a folder, and returns the paths of all of them. */
export async function writeFiles(dir: string, files: Files, draft: ManifestDraft): Promise<string[]> {
  for (const [path, contents] of files) {
    await mkdir(dirname(join(dir, path)), { recursive: true });
    await writeFile(join(dir, path), contents);
  }
  await writeManifest(dir, draft, files.keys());
  return [...files.keys(), MANIFEST_FILE];
}

export interface TinyMember {
  readonly files: Files;
  readonly draft: ManifestDraft;
}

/** One linear model and one transformer, under the names that the drafts above give weights to. */
export const tinyMembers = (): Record<string, TinyMember> => ({
  linear: { files: tinyLinearFiles(), draft: TINY_LINEAR_DRAFT },
  transformer: { files: tinyFiles(), draft: TINY_DRAFT },
});

/** Writes a blend or cascade of tiny members into an empty folder, and returns the folder. */
export async function writeTinyWhole(
  dir: string,
  draft: ManifestDraft<'blend' | 'cascade'> = TINY_CASCADE_DRAFT,
  members: Readonly<Record<string, TinyMember>> = tinyMembers(),
): Promise<string> {
  const listed: string[] = [];
  for (const [name, member] of Object.entries(members)) {
    const written = await writeFiles(join(dir, memberFolder(name)), member.files, member.draft);
    listed.push(...written.map((path) => memberFile(name, path)));
  }
  await writeManifest(dir, draft, listed);
  return dir;
}
