import { join } from 'node:path';

import type { ArtifactSource } from './artifact.js';
import { ModelCoreError } from './errors.js';
import { parseJsonObject } from './json.js';
import { parseManifest } from './manifest.js';
import { MANIFEST_FILE, type ManifestOf, memberFile, memberFolder } from './manifest-format.js';

/** An artifact that answers by itself. */
export interface Member extends ArtifactSource {
  readonly manifest: ManifestOf<'transformer' | 'linear'>;
}

/**
 * The members of a blend or cascade by name, themselves artifacts. Every byte of theirs, their manifests included, is compared with the digest in the manifest of
 * the whole. Throws as `readArtifact`, with paths from the folder of the whole, and `INVALID_MANIFEST` for a member that has members, for members of which none is
 * a transformer, and for a cascade without exactly one linear member.
 */
export async function readMembers(
  whole: ArtifactSource,
  manifest: ManifestOf<'blend' | 'cascade'>,
): Promise<ReadonlyMap<string, Member>> {
  const members = new Map<string, Member>();
  for (const name of Object.keys(manifest.blend.weights)) members.set(name, await readMember(whole, name));
  const kinds = [...members.values()].map((member) => member.manifest.kind);
  if (!kinds.includes('transformer')) throw refuse('at least one member must be a transformer');
  const linear = kinds.filter((kind) => kind === 'linear').length;
  if (manifest.kind === 'cascade' && linear !== 1) throw refuse(`a cascade must have one linear member, got ${linear}`);
  return members;
}

async function readMember(whole: ArtifactSource, name: string): Promise<Member> {
  const inWhole = (path: string): string => memberFile(name, path);
  const manifest = parseMemberManifest(await whole.load(inWhole(MANIFEST_FILE)), inWhole(MANIFEST_FILE));
  return { dir: join(whole.dir, memberFolder(name)), manifest, load: (path) => whole.load(inWhole(path)) };
}

function parseMemberManifest(bytes: Uint8Array, file: string): Member['manifest'] {
  const json = parseJsonObject(bytes, file);
  try {
    const manifest = parseManifest(json);
    if (manifest.kind === 'transformer' || manifest.kind === 'linear') return manifest;
    throw new ModelCoreError('INVALID_MANIFEST', `kind must be transformer or linear, got ${manifest.kind}`);
  } catch (cause) {
    if (!(cause instanceof ModelCoreError)) throw cause;
    throw new ModelCoreError(cause.code, `${file}: ${cause.message.replace(`${MANIFEST_FILE}: `, '')}`, {
      file,
      cause,
    });
  }
}

const refuse = (expectation: string): ModelCoreError =>
  new ModelCoreError('INVALID_MANIFEST', `${MANIFEST_FILE}: ${expectation}`, { file: MANIFEST_FILE });
