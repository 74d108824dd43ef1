import { createHash } from 'node:crypto';

import { digestFile, writeFileDurably } from './artifact-files.js';
import { ModelCoreError } from './errors.js';
import { isJsonObject, isPositiveInteger, type JsonObject, type JsonValue, textOf } from './json.js';
import { type Truncation, TRUNCATIONS } from './truncation.js';

export const MANIFEST_FILE = 'manifest.json';
export const MANIFEST_FORMAT_VERSION = 1;
export const LABELS = ['negative', 'positive'] as const;
export type Sentiment = (typeof LABELS)[number];

export interface ManifestFile {
  readonly sizeBytes: number;
  /** 64 lower-case hexadecimal digits. */
  readonly sha256: string;
}

/** A review of ours with the logits `[negative, positive]` that each graph gave when the artifact was made. */
export interface GoldenInput {
  readonly inputIds: readonly number[];
  readonly logits: { readonly int8?: readonly number[]; readonly fp32?: readonly number[] };
}

/** `manifest.json`: what an artifact is made of and where it came from. Fields unknown to this release are kept. */
export interface Manifest {
  readonly formatVersion: typeof MANIFEST_FORMAT_VERSION;
  readonly kind: 'transformer';
  /** Short id, derived from the digests of the files that the artifact was first written with. */
  readonly version: string;
  /** ISO 8601, UTC. */
  readonly createdAt: string;
  /** What training started from. */
  readonly parent?: JsonObject;
  /** By path relative to the folder, with `/`. */
  readonly files: Readonly<Record<string, ManifestFile>>;
  readonly text: { readonly maxLength: number; readonly truncation: Truncation };
  readonly labels: typeof LABELS;
  readonly parameters: number;
  readonly training?: JsonObject;
  readonly metrics?: JsonObject;
  /** The temperature that the stored logits were divided by when the artifact was made, and what that changed. */
  readonly calibration?: JsonObject;
  /** How the int8 graph was judged against the fp32 graph. */
  readonly equivalence?: JsonObject;
  /** Sorted 8-byte digests of every row that the model or a parent was trained on; `file` stands in `files`. */
  readonly seenRows?: { readonly file: string; readonly count: number };
  readonly goldenInputs?: readonly GoldenInput[];
  /** Divides the logits before softmax, where their weights do not hold that division already. Default 1. */
  readonly temperature?: number;
}

/** A manifest before its files are digested; a whole manifest may be given to keep its version. */
export type ManifestDraft = Omit<Manifest, 'formatVersion' | 'files' | 'version'> & { readonly version?: string };

/**
 * Checks the contents of a `manifest.json`. Throws `UNSUPPORTED_FORMAT` for another format version or kind,
 * `UNSAFE_PATH` for a file name that could lead out of the folder, `INVALID_MANIFEST` for all else.
 */
export function parseManifest(json: unknown): Manifest {
  if (!isJsonObject(json)) throw invalid('must be a JSON object', json);
  if (json['formatVersion'] !== MANIFEST_FORMAT_VERSION) {
    throw unsupported('formatVersion', MANIFEST_FORMAT_VERSION, json['formatVersion']);
  }
  if (json['kind'] !== 'transformer') throw unsupported('kind', 'transformer', json['kind']);
  if (!/^[\w.-]{1,64}$/.test(textOf(json['version']))) throw invalid('version must be a short id', json['version']);
  if (Number.isNaN(Date.parse(textOf(json['createdAt'])))) throw invalid('createdAt must be a date', json['createdAt']);
  if (!isPositiveInteger(json['parameters']))
    throw invalid('parameters must be a positive integer', json['parameters']);
  if (!isJsonObject(json['files']) || Object.keys(json['files']).length === 0) {
    throw invalid('files must name at least one file', json['files']);
  }
  for (const [path, file] of Object.entries(json['files'])) checkFile(path, file);
  checkText(json['text']);
  checkLabels(json['labels']);
  checkOptional(json);
  return json as unknown as Manifest;
}

/** The manifest's entry for a file, or undefined. */
export function manifestFile(manifest: Manifest, path: string): ManifestFile | undefined {
  return Object.hasOwn(manifest.files, path) ? manifest.files[path] : undefined;
}

/**
 * Digests the named files of `dir` and writes `manifest.json` to a temporary name, synced, then renamed. The version is
 * the draft's, or derived from the digests. Throws `FILE_MISSING` for a name that is no file.
 */
export async function writeManifest(dir: string, draft: ManifestDraft, fileNames: Iterable<string>): Promise<Manifest> {
  const files: Record<string, ManifestFile> = {};
  for (const name of [...new Set(fileNames)].sort()) {
    checkPath(name);
    files[name] = await digestFile(dir, name);
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
  await writeFileDurably(dir, MANIFEST_FILE, `${JSON.stringify(manifest, undefined, 2)}\n`);
  return manifest;
}

/** 12 hexadecimal digits of SHA-256 over the sorted lines `<sha256>  <path>`. */
function deriveVersion(files: Readonly<Record<string, ManifestFile>>): string {
  const lines = Object.keys(files)
    .sort()
    .map((path) => `${files[path]?.sha256}  ${path}\n`);
  return createHash('sha256').update(lines.join('')).digest('hex').slice(0, 12);
}

function checkFile(path: string, file: JsonValue): void {
  checkPath(path);
  if (!isJsonObject(file) || !Number.isSafeInteger(file['sizeBytes']) || (file['sizeBytes'] as number) < 0) {
    throw invalid(`files[${JSON.stringify(path)}].sizeBytes must be a number of bytes`, file);
  }
  if (!/^[0-9a-f]{64}$/.test(textOf(file['sha256']))) {
    throw invalid(`files[${JSON.stringify(path)}].sha256 must be 64 hexadecimal digits`, file['sha256']);
  }
}

/** Relative, with `/`, without `.`, `..` and empty parts, and without what some system reads as a drive or stream. */
function checkPath(path: string): void {
  const parts = path.split('/');
  const unsafe = parts.some((part) => part === '' || part === '.' || part === '..') || /[\\:\0]/.test(path);
  if (unsafe || path === MANIFEST_FILE) {
    throw new ModelCoreError(
      'UNSAFE_PATH',
      `manifest.json: ${JSON.stringify(path)} cannot name a file of the artifact`,
      {
        file: MANIFEST_FILE,
      },
    );
  }
}

function checkText(text: JsonValue | undefined): void {
  if (!isJsonObject(text)) throw invalid('text must be an object', text);
  const { maxLength, truncation } = text;
  if (!isPositiveInteger(maxLength) || maxLength < 3) {
    throw invalid('text.maxLength must be an integer of at least 3', maxLength);
  }
  if (!TRUNCATIONS.some((known) => known === truncation)) {
    throw invalid(`text.truncation must be one of ${TRUNCATIONS.join(', ')}`, truncation);
  }
}

function checkLabels(labels: JsonValue | undefined): void {
  if (JSON.stringify(labels) !== JSON.stringify(LABELS))
    throw invalid('labels must be ["negative", "positive"]', labels);
}

function checkOptional(json: JsonObject): void {
  const { parent, training, metrics, calibration, equivalence, seenRows, goldenInputs, temperature } = json;
  for (const [name, value] of Object.entries({ parent, training, metrics, calibration, equivalence })) {
    if (value !== undefined && !isJsonObject(value)) throw invalid(`${name} must be an object`, value);
  }
  if (temperature !== undefined && !(Number.isFinite(temperature) && (temperature as number) > 0)) {
    throw invalid('temperature must be a number above 0', temperature);
  }
  if (goldenInputs !== undefined && !Array.isArray(goldenInputs))
    throw invalid('goldenInputs must be a list', goldenInputs);
  if (seenRows === undefined) return;
  const listed = isJsonObject(seenRows) && Object.hasOwn(json['files'] as JsonObject, textOf(seenRows['file']));
  if (!listed || !Number.isSafeInteger(seenRows['count'])) {
    throw invalid('seenRows must name one of files and a count', seenRows);
  }
}

function invalid(expectation: string, actual: unknown): ModelCoreError {
  const shown = (actual === undefined ? 'nothing' : JSON.stringify(actual)).slice(0, 80);
  return new ModelCoreError('INVALID_MANIFEST', `manifest.json: ${expectation}, got ${shown}`, { file: MANIFEST_FILE });
}

function unsupported(field: string, expected: unknown, actual: unknown): ModelCoreError {
  return new ModelCoreError(
    'UNSUPPORTED_FORMAT',
    `manifest.json: this release reads ${field} ${JSON.stringify(expected)}, got ${JSON.stringify(actual)}`,
    { file: MANIFEST_FILE },
  );
}
