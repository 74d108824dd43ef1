import type { Manifest } from '@marquee/model-core';

import type { Pretraining } from '../prepare-pretraining.js';
import type { Training } from '../prepare-training.js';
import type { DataSource } from '../read-data.js';
import type { Evaluated, TrainResult } from '../train.js';
import { madeArtifact } from './describe-artifact.js';
import { flattenMetrics } from './flatten-metrics.js';
import type { RunEnd, RunStart } from './run-record.js';

/** What `run.json` says of a training before its first step. */
export function describeTraining({ options, model, data, lesson }: Training): RunStart {
  const { train, validation, test } = data;
  const parts = Object.entries({ train, validation, test });
  return {
    command: lesson ? 'distil' : 'train',
    options: plainOptions(options),
    data: Object.fromEntries([
      ...parts.flatMap(([name, part]) => (part ? [[name, part.source] as const] : [])),
      ...named('unlabeled', lesson?.unlabeled),
    ]),
    model: { path: model.path, sha256: model.weightsDigest },
  };
}

export function describePretraining({ options, model, train, validation }: Pretraining): RunStart {
  return {
    command: 'pretrain',
    options: plainOptions(options),
    data: Object.fromEntries([...named('train', train.sources), ...named('validation', validation?.sources)]),
    model: { path: model.path, sha256: model.weightsDigest },
  };
}

/** A part may be read from several files. */
const named = (name: string, sources: readonly DataSource[] = []): (readonly [string, DataSource])[] =>
  sources.map((source, index) => [sources.length === 1 ? name : `${name}.${index + 1}`, source]);

/** What `run.json` says in the end of a training. */
export async function endOfTraining(dir: string, result: TrainResult | Evaluated): Promise<RunEnd> {
  if ('stoppedAt' in result) return { status: 'stopped' };
  if ('evaluations' in result) return { status: 'finished' };
  return endOfArtifact(dir, result.manifest);
}

/** What it says in the end of a run that made an artifact. */
export async function endOfArtifact(dir: string, manifest: Manifest): Promise<RunEnd> {
  return {
    status: 'finished',
    metrics: flattenMetrics(manifest.metrics ?? {}),
    artifact: await madeArtifact(dir, manifest),
  };
}

/** Every option has one plain value, or is a list of paths. */
export const plainOptions = (options: object): RunStart['options'] =>
  Object.fromEntries(
    Object.entries(options).map(([name, value]: [string, RunStart['options'][string] | undefined]) => [
      name,
      value ?? null,
    ]),
  );
