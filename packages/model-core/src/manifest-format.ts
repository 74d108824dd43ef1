import type { JsonObject } from './json.js';
import type { Truncation } from './truncation.js';

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

/** How far a logit may lie from the one that stands in a golden input, by graph. */
export interface GoldenTolerance {
  readonly int8: number;
  readonly fp32: number;
  /** Why so far. */
  readonly reason: string;
}

/**
 * What is tolerated where a manifest says nothing. On the shipped model's eight golden inputs int8 logits that ONNX Runtime's WebAssembly kernels give lie up to 0.19
 * from those of its x86-64 kernels, up to 0.003 between two x86-64 machines, and a damaged or saturated graph is off by more than 1.
 */
export const DEFAULT_GOLDEN_TOLERANCE: GoldenTolerance = {
  int8: 0.3,
  fp32: 0.05,
  reason:
    'Each kind of processor rounds sums of float32 in its own order. In int8 an activation may thus fall to the next of 256 steps, which moves a logit by up to 0.2; in fp32 CUDA rounds products to TF32.',
};

/** What an artifact is: one model, or several that answer together. */
export const MODEL_KINDS = ['transformer', 'linear', 'blend', 'cascade'] as const;
export type ModelKind = (typeof MODEL_KINDS)[number];

/** Where a member stands in the folder of its blend or cascade. */
export const memberFolder = (name: string): string => `members/${name}`;
export const memberFile = (name: string, path: string): string => `${memberFolder(name)}/${path}`;

/** The logit of a blend: the weighted sum of its members' logits (positive minus negative, over their temperatures) plus a bias. */
export interface BlendRule {
  /** By name of the member, whose artifact lies in `members/<name>/`. */
  readonly weights: Readonly<Record<string, number>>;
  readonly bias: number;
}

/** `manifest.json`: what an artifact is made of and where it came from. Fields unknown to this release are kept. */
interface ManifestBase {
  readonly formatVersion: typeof MANIFEST_FORMAT_VERSION;
  /** Short id, derived from the digests of the files that the artifact was first written with. */
  readonly version: string;
  /** ISO 8601, UTC. */
  readonly createdAt: string;
  /** What training started from. */
  readonly parent?: JsonObject;
  /** By path relative to the folder, with `/`; those of the members' folders are among them, their manifests included. */
  readonly files: Readonly<Record<string, ManifestFile>>;
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
  /** Default: `DEFAULT_GOLDEN_TOLERANCE`. */
  readonly goldenTolerance?: GoldenTolerance;
  /** Divides the logits before softmax, where their weights do not hold that division already. Default 1. */
  readonly temperature?: number;
}

/** `text` says how much of a review a transformer reads; a linear model reads all of it. */
type ManifestFields = {
  transformer: { readonly text: { readonly maxLength: number; readonly truncation: Truncation } };
  linear: object;
  blend: { readonly blend: BlendRule };
  /** The linear member answers alone where its logit is at least `threshold` or at most −`threshold`, the blend answers the rest. */
  cascade: { readonly blend: BlendRule; readonly cascade: { readonly threshold: number } };
};

export type ManifestOf<Kind extends ModelKind> = {
  [K in Kind]: ManifestBase & { readonly kind: K } & ManifestFields[K];
}[Kind];
export type Manifest = ManifestOf<ModelKind>;

/** A manifest before its files are digested; a whole manifest may be given to keep its version. */
export type ManifestDraft<Kind extends ModelKind = ModelKind> = {
  [K in Kind]: Omit<ManifestOf<K>, 'formatVersion' | 'files' | 'version'> & { readonly version?: string };
}[Kind];
