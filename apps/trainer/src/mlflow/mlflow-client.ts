import { readFile } from 'node:fs/promises';

import type { MlflowSettings } from './mlflow-settings.js';

/** A key with a value, as MLflow has parameters and tags. */
export interface MlflowEntry {
  readonly key: string;
  readonly value: string;
}

export interface MlflowMetric {
  readonly key: string;
  readonly value: number;
  /** Milliseconds since 1970. */
  readonly timestamp: number;
  readonly step: number;
}

export interface MlflowRun {
  readonly runId: string;
  readonly artifactUri: string;
}

export type MlflowStatus = 'RUNNING' | 'FINISHED' | 'FAILED' | 'KILLED';

/** The calls of MLflow's REST interface (2.0) that a run needs. Each throws where the server does not answer in time, or not with success. */
export interface MlflowClient {
  /** Id of the experiment, which is made where there is none. */
  experimentId(name: string): Promise<string>;
  createRun(run: {
    experimentId: string;
    name: string;
    startTime: number;
    tags: readonly MlflowEntry[];
  }): Promise<MlflowRun>;
  /** Undefined for a run that the server does not know. */
  getRun(runId: string): Promise<MlflowRun | undefined>;
  updateRun(runId: string, status: MlflowStatus, endTime?: number): Promise<void>;
  /** At most 1,000 metrics and 100 parameters. */
  logBatch(runId: string, batch: { metrics?: readonly MlflowMetric[]; params?: readonly MlflowEntry[] }): Promise<void>;
  /** Puts a file into the run's artifacts under a path with `/`. */
  uploadFile(run: MlflowRun, file: string, path: string): Promise<void>;
}

/** MLflow's own error codes, such as `RESOURCE_DOES_NOT_EXIST`. */
class MlflowRefusal extends Error {
  override readonly name = 'MlflowRefusal';

  constructor(
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

/** An upload may take as long as at this pace, beyond the time of any answer. */
const SLOWEST_BYTES_PER_MS = 250;

export function createMlflowClient({ trackingUri, authorization, timeoutMs }: MlflowSettings): MlflowClient {
  const headers = { ...(authorization !== undefined && { authorization }) };
  const request = async (path: string, init: RequestInit, patienceMs = timeoutMs): Promise<unknown> => {
    const answer = await fetch(`${trackingUri}/api/2.0/${path}`, {
      ...init,
      signal: AbortSignal.timeout(Math.ceil(patienceMs)),
    });
    const body: unknown = await answer.json().catch(() => ({}));
    if (answer.ok) return body;
    const code = fieldOf(body, 'error_code');
    throw new MlflowRefusal(typeof code === 'string' ? code : '', `it answered ${answer.status}`);
  };
  const post = (path: string, body: object): Promise<unknown> =>
    request(`mlflow/${path}`, {
      method: 'POST',
      headers: { ...headers, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
  const get = (path: string, query: Readonly<Record<string, string>>): Promise<unknown> =>
    request(`mlflow/${path}?${new URLSearchParams(query).toString()}`, { headers });
  const findExperiment = async (name: string): Promise<string> =>
    textAt(await get('experiments/get-by-name', { experiment_name: name }), 'experiment', 'experiment_id');

  return {
    experimentId: (name) =>
      findExperiment(name).catch((error: unknown) => {
        if (!isRefusal(error, 'RESOURCE_DOES_NOT_EXIST')) throw error;
        const created = post('experiments/create', { name }).then((answer) => textAt(answer, 'experiment_id'));
        // Another run may have been faster.
        return created.catch((second: unknown) => {
          if (isRefusal(second, 'RESOURCE_ALREADY_EXISTS')) return findExperiment(name);
          throw second;
        });
      }),
    createRun: async ({ experimentId, name, startTime, tags }) =>
      toRun(await post('runs/create', { experiment_id: experimentId, run_name: name, start_time: startTime, tags })),
    getRun: (runId) =>
      get('runs/get', { run_id: runId }).then(toRun, (error: unknown) => {
        if (isRefusal(error, 'RESOURCE_DOES_NOT_EXIST')) return undefined;
        throw error;
      }),
    async updateRun(runId, status, endTime) {
      await post('runs/update', { run_id: runId, status, ...(endTime !== undefined && { end_time: endTime }) });
    },
    async logBatch(runId, batch) {
      await post('runs/log-batch', { run_id: runId, ...batch });
    },
    async uploadFile({ artifactUri }, file, path) {
      const place = `${artifactPath(artifactUri)}/${path}`.split('/').map(encodeURIComponent).join('/');
      const bytes = await readFile(file);
      const init = { method: 'PUT', headers: { ...headers, 'content-type': 'application/octet-stream' }, body: bytes };
      await request(`mlflow-artifacts/artifacts/${place}`, init, timeoutMs + bytes.length / SLOWEST_BYTES_PER_MS);
    },
  };
}

/** A server that hands artifacts on says `mlflow-artifacts:/<experiment>/<run>/artifacts`; another place is none that can be written to from here. */
function artifactPath(artifactUri: string): string {
  const [, path] = /^mlflow-artifacts:\/([^/].*)$/.exec(artifactUri) ?? [];
  if (path !== undefined) return path;
  throw new Error('it keeps artifacts elsewhere (start it with --serve-artifacts)');
}

const toRun = (answer: unknown): MlflowRun => ({
  runId: textAt(answer, 'run', 'info', 'run_id'),
  artifactUri: textAt(answer, 'run', 'info', 'artifact_uri'),
});

const isRefusal = (error: unknown, code: string): boolean => error instanceof MlflowRefusal && error.code === code;

function textAt(value: unknown, ...path: readonly string[]): string {
  const found = path.reduce(fieldOf, value);
  if (typeof found === 'string' && found !== '') return found;
  throw new Error(`its answer has no ${path.join('.')}`);
}

const fieldOf = (value: unknown, field: string): unknown =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[field] : undefined;
