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
 * A member of a blend or cascade, itself an artifact. Every byte of it, its manifest included, is compared with the digest in the manifest of the whole. Throws
 * as `readArtifact`, with paths from the folder of the whole, and `INVALID_MANIFEST` for a member that has members.
 */
export async function readMember(whole: ArtifactSource, name: string): Promise<Member> {
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
