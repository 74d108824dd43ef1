import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { writeDurably } from '../durable-write.js';
import type { EquivalenceVerdict } from '../equivalence-gate.js';
import type { OptionValue } from '../option-spec.js';
import type { RunEnvironment } from './environment.js';

export const RUN_FILE = 'run.json';

/** What a run measured at a step, or at an evaluation with `eval_…` fields: a line of `train_log.jsonl`. */
export interface RunLogEntry {
  readonly step: number;
  readonly [field: string]: number | string;
}

export type RunStatus = 'running' | 'finished' | 'stopped' | 'failed';

/** What is known of a run when it begins. */
export interface RunStart {
  readonly command: string;
  /** After defaults, under their names in camel case; null for what was not given. */
  readonly options: Readonly<Record<string, OptionValue | null>>;
  /** SHA-256 and rows of each part of the data. */
  readonly data: Readonly<Record<string, { readonly sha256: string; readonly rows?: number }>>;
  /** The model that it starts from or looks at. */
  readonly model?: RunModel;
  /** The models that it lays side by side, by the names of their options. */
  readonly models?: Readonly<Record<string, RunModel>>;
}

export interface RunModel {
  readonly path: string;
  /** Of the weights that a training starts from. */
  readonly sha256?: string;
  /** Of an artifact. */
  readonly version?: string;
  readonly manifestSha256?: string;
}

/** The manifest's version and the digest of the manifest, which holds the digest of every file. */
export interface RunArtifact {
  readonly version: string;
  readonly manifestSha256: string;
  /** What its metrics call that which is served: `int8`, `fp32`, `cascade`. */
  readonly served?: string;
}

/** What a run ends with. */
export interface RunEnd {
  readonly status: Exclude<RunStatus, 'running'>;
  readonly error?: { readonly code: string; readonly message: string };
  /** What became of an int8 graph: the run is `failed` where it is `refused`. */
  readonly verdict?: EquivalenceVerdict;
  /** By name, with dots: `test.int8.f1`. */
  readonly metrics?: Readonly<Record<string, number>>;
  /** The model that it made. */
  readonly artifact?: RunArtifact;
}

/** `run.json`: all that is needed to tell one run from another. */
export interface RunRecord extends RunStart, Omit<RunEnd, 'status'> {
  readonly formatVersion: 1;
  readonly status: RunStatus;
  readonly environment: RunEnvironment;
  /** Every evaluation so far; the steps between are in `train_log.jsonl`. */
  readonly evaluations: readonly RunLogEntry[];
  readonly timing: RunTiming;
  /** Largest resident memory of the process, the last one of a resumed run. */
  readonly peakMemoryBytes: number;
  /** Tells a run that goes on from one whose process died. */
  readonly pid: number;
}

export interface RunTiming {
  readonly startedAt: string;
  readonly updatedAt: string;
  /** Spent by all processes of the run up to `updatedAt`. */
  readonly seconds: number;
  /** How often it was gone on with. */
  readonly resumes: number;
}

export const writeRunRecord = (dir: string, record: RunRecord): Promise<void> =>
  writeDurably(join(dir, RUN_FILE), `${JSON.stringify(record, null, 2)}\n`);

/** The record of a folder, or undefined where there is none that can be read. */
export async function readRunRecord(dir: string): Promise<RunRecord | undefined> {
  try {
    const record = JSON.parse(await readFile(join(dir, RUN_FILE), 'utf8')) as Partial<RunRecord>;
    // Written whole or not at all: the version vouches for the rest.
    return record.formatVersion === 1 ? (record as RunRecord) : undefined;
  } catch {
    return undefined;
  }
}
