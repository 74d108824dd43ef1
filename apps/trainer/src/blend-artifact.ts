import { join } from 'node:path';

import { BUCKET_COUNT } from '@marquee/linear';
import {
  type JsonObject,
  LABELS,
  LINEAR_FILE,
  type Manifest,
  MANIFEST_FILE,
  type ManifestDraft,
  memberFile,
  memberFolder,
  readArtifact,
  writeManifest,
} from '@marquee/model-core';

import { updateManifest } from './artifact-writer.js';
import { describeBlend } from './blend-card.js';
import { writeDurably } from './durable-write.js';
import type { FittedCascade } from './fit-cascade.js';
import type { LinearBaseline } from './linear-baseline.js';
import { CARD_FILE } from './model-card.js';
import { encodeSeenRows, readSeenRows, SEEN_ROWS_FILE } from './seen-rows.js';

/** What the manifest says of the making of a linear model, a blend or a cascade. */
export interface MakingOf {
  readonly training: JsonObject;
  readonly metrics: JsonObject;
}

/** The artifacts that are blended, by name: the linear model is `linear`. */
export interface BlendMembers {
  readonly linear: LinearBaseline;
  /** Digests of the reviews that the linear model was fitted on. */
  readonly linearRows: readonly string[];
  /** Folders of the transformers. */
  readonly transformers: ReadonlyMap<string, string>;
}

/** Writes the artifact of a linear model, without a card. */
export async function writeLinear(
  dir: string,
  { linear, linearRows }: Pick<BlendMembers, 'linear' | 'linearRows'>,
  making: MakingOf,
): Promise<Manifest> {
  await writeDurably(join(dir, LINEAR_FILE), linear.bytes);
  const draft: ManifestDraft<'linear'> = {
    kind: 'linear',
    createdAt: new Date().toISOString(),
    labels: LABELS,
    parameters: BUCKET_COUNT + 1,
    ...making,
    calibration: { ...linear.calibration },
    seenRows: await writeSeenRows(dir, new Set(linearRows)),
  };
  return writeManifest(dir, draft, [LINEAR_FILE, SEEN_ROWS_FILE]);
}

/** Writes the artifact of a blend or cascade, without a card; its members' artifacts stand in `members/`, the transformers' copied and verified. */
export async function writeBlend(
  dir: string,
  kind: 'blend' | 'cascade',
  members: BlendMembers,
  { blend, cascade }: FittedCascade,
  making: MakingOf,
): Promise<Manifest> {
  const folderOf = (name: string): string => join(dir, memberFolder(name));
  const manifests = new Map([['linear', await writeLinear(folderOf('linear'), members, making)]]);
  for (const [name, folder] of members.transformers) manifests.set(name, await copyArtifact(folder, folderOf(name)));
  const files = [...manifests].flatMap(([name, manifest]) =>
    [...Object.keys(manifest.files), MANIFEST_FILE].map((path) => memberFile(name, path)),
  );
  const judgements = [...manifests.values()].flatMap(({ equivalence }) => (equivalence ? [equivalence] : []));
  const seen = await Promise.all([...manifests.keys()].map((name) => readSeenRows(folderOf(name))));
  const common = {
    createdAt: new Date().toISOString(),
    labels: LABELS,
    parameters: [...manifests.values()].reduce((sum, { parameters }) => sum + parameters, 0),
    ...making,
    ...(judgements.length === 1 && { equivalence: judgements[0] as JsonObject }), // of the only transformer
    blend,
    seenRows: await writeSeenRows(dir, new Set(seen.flatMap((digests) => [...digests]))),
  };
  const draft: ManifestDraft<'blend' | 'cascade'> =
    kind === 'blend' ? { kind, ...common } : { kind, ...common, cascade: { threshold: cascade.threshold } };
  return writeManifest(dir, draft, [...files, SEEN_ROWS_FILE]);
}

/** Enters metrics in the manifest and writes the model card. */
export async function completeArtifact(dir: string, manifest: Manifest, metrics: JsonObject): Promise<Manifest> {
  const complete = { ...manifest, metrics };
  await writeDurably(join(dir, CARD_FILE), describeBlend(complete));
  return updateManifest(dir, complete, [CARD_FILE]);
}

async function writeSeenRows(dir: string, digests: ReadonlySet<string>) {
  await writeDurably(join(dir, SEEN_ROWS_FILE), encodeSeenRows(digests));
  return { file: SEEN_ROWS_FILE, count: digests.size };
}

/** Copies an artifact from the bytes that were verified. */
async function copyArtifact(from: string, to: string): Promise<Manifest> {
  const artifact = await readArtifact(from);
  const { manifest } = artifact;
  for (const path of Object.keys(manifest.files)) await writeDurably(join(to, path), artifact.bytes(path));
  await writeDurably(join(to, MANIFEST_FILE), `${JSON.stringify(manifest, undefined, 2)}\n`);
  return manifest;
}
