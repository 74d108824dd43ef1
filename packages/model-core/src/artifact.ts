import { createHash } from 'node:crypto';

import { type ArtifactFolder, digestFile, openArtifactFile, resolveFolder } from './artifact-files.js';
import { ModelCoreError } from './errors.js';
import { type JsonObject, parseJsonObject } from './json.js';
import { manifestFile, parseManifest } from './manifest.js';
import { type Manifest, MANIFEST_FILE } from './manifest-format.js';

/** Bounds what is read before any digest is known; a manifest with reference profiles takes some 100 KB. */
const MAX_MANIFEST_BYTES = 64 * 2 ** 20;

/** An artifact whose files are read and verified as they are asked for. */
export interface ArtifactSource {
  readonly dir: string;
  readonly manifest: Manifest;
  /** Reads and verifies a file of the manifest; the bytes are not kept. */
  load(path: string): Promise<Uint8Array>;
}

export interface Artifact extends ArtifactSource {
  /** `config.json`, verified; empty for the kinds that have none. */
  readonly config: JsonObject;
  /** The verified bytes of a file that was named when the artifact was read. */
  bytes(path: string): Uint8Array;
}

export interface ReadArtifactOptions {
  /** Files to read and keep; default: every file of the manifest. A transformer's `config.json` is always read. */
  readonly files?: readonly string[];
}

/**
 * Reads an artifact folder: each file once, and every byte handed out is a byte whose digest was compared. Throws
 * `ARTIFACT_NOT_FOUND`, `FILE_MISSING`, `DIGEST_MISMATCH`, `UNSAFE_PATH`, `INVALID_JSON` and what `parseManifest` throws.
 */
export async function readArtifact(dir: string, options: ReadArtifactOptions = {}): Promise<Artifact> {
  const artifact = await openArtifact(dir);
  const { manifest } = artifact;
  const hasConfig = manifest.kind === 'transformer';
  const kept = new Map<string, Uint8Array>();
  for (const path of new Set([
    ...(hasConfig ? ['config.json'] : []),
    ...(options.files ?? Object.keys(manifest.files)),
  ])) {
    kept.set(path, await artifact.load(path));
  }
  const bytes = (path: string): Uint8Array => {
    const found = kept.get(path);
    if (found) return found;
    throw new ModelCoreError('FILE_MISSING', `${path} was not among the files read from ${dir}`, { file: path });
  };
  return { ...artifact, config: hasConfig ? parseJsonObject(bytes('config.json'), 'config.json') : {}, bytes };
}

/** Reads and checks `manifest.json`; everything else is read and verified on demand. */
export async function openArtifact(dir: string): Promise<ArtifactSource> {
  const folder = await resolveFolder(dir);
  const manifest = await loadManifest(folder);
  return { dir, manifest, load: (path) => readVerified(folder, manifest, path) };
}

/** Reads, verifies and parses a JSON file of an artifact. */
export const loadJsonObject = async (artifact: ArtifactSource, file: string): Promise<JsonObject> =>
  parseJsonObject(await artifact.load(file), file);

/** Reads and checks `manifest.json` alone. */
export async function readManifest(dir: string): Promise<Manifest> {
  return loadManifest(await resolveFolder(dir));
}

/** Compares every file of the manifest, but those at the excepted paths, with its size and digest, in pieces, keeping none. Throws as `readArtifact`. */
export async function verifyArtifact(
  dir: string,
  { except = [] }: { readonly except?: readonly string[] } = {},
): Promise<Manifest> {
  const folder = await resolveFolder(dir);
  const manifest = await loadManifest(folder);
  for (const [path, expected] of Object.entries(manifest.files)) {
    if (except.includes(path)) continue;
    const actual = await digestFile(folder, path);
    if (actual.sizeBytes !== expected.sizeBytes) throw sizeMismatch(path, expected.sizeBytes, actual.sizeBytes);
    if (actual.sha256 !== expected.sha256) throw digestMismatch(path, expected.sha256, actual.sha256);
  }
  return manifest;
}

const loadManifest = async (folder: ArtifactFolder): Promise<Manifest> =>
  parseManifest(parseJsonObject(await readAtMost(folder, MANIFEST_FILE, MAX_MANIFEST_BYTES), MANIFEST_FILE));

async function readVerified(folder: ArtifactFolder, manifest: Manifest, path: string): Promise<Uint8Array> {
  const expected = manifestFile(manifest, path);
  if (!expected)
    throw new ModelCoreError('FILE_MISSING', `manifest.json of ${folder.dir} does not list ${path}`, { file: path });
  const { handle, stats } = await openArtifactFile(folder, path);
  try {
    if (stats.size !== expected.sizeBytes) throw sizeMismatch(path, expected.sizeBytes, stats.size);
    const bytes = await handle.readFile();
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    if (sha256 !== expected.sha256) throw digestMismatch(path, expected.sha256, sha256);
    return bytes;
  } finally {
    await handle.close();
  }
}

async function readAtMost(folder: ArtifactFolder, path: string, limitBytes: number): Promise<Uint8Array> {
  const { handle, stats } = await openArtifactFile(folder, path);
  try {
    if (stats.size > limitBytes) {
      throw new ModelCoreError('INVALID_MANIFEST', `${path} must be at most ${limitBytes} bytes, got ${stats.size}`);
    }
    return await handle.readFile();
  } finally {
    await handle.close();
  }
}

function sizeMismatch(path: string, expected: number, actual: number): ModelCoreError {
  return new ModelCoreError('DIGEST_MISMATCH', `${path}: the manifest says ${expected} bytes, the file has ${actual}`, {
    file: path,
  });
}

function digestMismatch(path: string, expected: string, actual: string): ModelCoreError {
  return new ModelCoreError(
    'DIGEST_MISMATCH',
    `${path}: the manifest says SHA-256 ${expected}, the file has ${actual}`,
    {
      file: path,
    },
  );
}
