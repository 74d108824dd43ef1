import type { RunLogEntry, RunModel, RunRecord } from '../tracking/run-record.js';
import type { MlflowEntry, MlflowMetric } from './mlflow-client.js';

/** Characters of a parameter that MLflow takes. */
const MAX_PARAM_LENGTH = 6000;

const NOT_METRICS = new Set(['step', 'secondsLeft']);

export const toParams = ({ options }: RunRecord): MlflowEntry[] =>
  Object.entries(options).flatMap(([key, value]) =>
    value === null ? [] : [{ key, value: String(value).slice(0, MAX_PARAM_LENGTH) }],
  );

export function toTags({ command, environment, data, model, models = {} }: RunRecord): MlflowEntry[] {
  const tags: Readonly<Record<string, string | undefined>> = {
    'mlflow.source.name': `marquee ${command}`,
    'mlflow.source.type': 'LOCAL',
    'mlflow.source.git.commit': environment.commit,
    'marquee.cpu': `${environment.cores} × ${environment.cpu}`,
    'marquee.node': environment.node,
    'marquee.onnxruntime': environment.onnxruntime,
    ...(model && modelTags('model', model)),
    ...Object.fromEntries(
      Object.entries(models).flatMap(([name, each]) => Object.entries(modelTags(`models.${name}`, each))),
    ),
    ...Object.fromEntries(Object.entries(data).map(([part, { sha256 }]) => [`marquee.data.${part}.sha256`, sha256])),
  };
  return Object.entries(tags).flatMap(([key, value]) => (value === undefined ? [] : [{ key, value }]));
}

const modelTags = (
  name: string,
  { sha256, version, manifestSha256 }: RunModel,
): Readonly<Record<string, string | undefined>> => ({
  [`marquee.${name}.sha256`]: sha256,
  [`marquee.${name}.version`]: version,
  [`marquee.${name}.manifest.sha256`]: manifestSha256,
});

/** MLflow has no place for what is no number. */
export const toMetrics = ({ step, ...fields }: RunLogEntry, timestamp: number): MlflowMetric[] =>
  Object.entries(fields).flatMap(([key, value]) =>
    typeof value === 'number' && Number.isFinite(value) && !NOT_METRICS.has(key)
      ? [{ key, value, timestamp, step }]
      : [],
  );
