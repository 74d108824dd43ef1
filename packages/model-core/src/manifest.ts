import { createHash } from 'node:crypto';

import { digestFile, resolveFolder, writeFileDurably } from './artifact-files.js';
import { isJsonObject } from './json.js';
import { checkManifest, checkPath, invalid } from './manifest-checks.js';
import {
  type Manifest,
  MANIFEST_FILE,
  MANIFEST_FORMAT_VERSION,
  type ManifestDraft,
  type ManifestFile,
  type ManifestOf,
} from './manifest-format.js';

/**
 * Checks the contents of a `manifest.json`. Throws `UNSUPPORTED_FORMAT` for another format version or kind,
 * `UNSAFE_PATH` for a file name that could lead out of the folder, `INVALID_MANIFEST` for all else.
 */
export function parseManifest(json: unknown): Manifest {
  if (!isJsonObject(json)) throw invalid('must be a JSON object', json);
  // The first artifacts were transformers and did not say so.
  const manifest = { ...json, kind: json['kind'] ?? 'transformer' };
  checkManifest(manifest);
  return manifest as unknown as Manifest;
}

/** The manifest's entry for a file, or undefined. */
export function manifestFile(manifest: Manifest, path: string): ManifestFile | undefined {
  return Object.hasOwn(manifest.files, path) ? manifest.files[path] : undefined;
}

/**
 * Digests the named files of `dir` and writes `manifest.json` to a temporary name, synced, then renamed. The version is
 * the draft's, or derived from the digests. Throws `ARTIFACT_NOT_FOUND`, and `FILE_MISSING` for a name that is no file.
 */
export async function writeManifest<Draft extends ManifestDraft>(
  dir: string,
  draft: Draft,
  fileNames: Iterable<string>,
): Promise<ManifestOf<Draft['kind']>> {
  const folder = await resolveFolder(dir);
  const files: Record<string, ManifestFile> = {};
  for (const name of [...new Set(fileNames)].sort()) {
    checkPath(name);
    files[name] = await digestFile(folder, name);
  }
  const { kind, version, createdAt, ...rest } = draft;
  const manifest = parseManifest({
    ...rest,
    formatVersion: MANIFEST_FORMAT_VERSION,
    kind,
    version: version ?? deriveVersion(files),
    createdAt,
    files,
  });
  await writeFileDurably(folder.realDir, MANIFEST_FILE, `${JSON.stringify(manifest, undefined, 2)}\n`);
  return manifest as ManifestOf<Draft['kind']>; // its kind is the draft's
}

/** 12 hexadecimal digits of SHA-256 over the sorted lines `<sha256>  <path>`. */
function deriveVersion(files: Readonly<Record<string, ManifestFile>>): string {
  const lines = Object.keys(files)
    .sort()
    .map((path) => `${files[path]?.sha256}  ${path}\n`);
  return createHash('sha256').update(lines.join('')).digest('hex').slice(0, 12);
}
