import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';

import { writeDurably } from '../durable-write.js';
import { RESULTS_FOLDER } from '../report/result-files.js';
import type { RunMirror } from '../tracking/record-run.js';
import type { RunLogEntry, RunRecord } from '../tracking/run-record.js';
import {
  createMlflowClient,
  type MlflowClient,
  type MlflowEntry,
  type MlflowMetric,
  type MlflowRun,
  type MlflowStatus,
} from './mlflow-client.js';
import type { MlflowSettings } from './mlflow-settings.js';
import { listResults, listRunFiles } from './run-files.js';

/** Which MLflow run a folder belongs to, so that a resumed training goes on in it. */
export const MLFLOW_FILE = 'mlflow.json';

const FLUSH_INTERVAL_MS = 5_000;
const MAX_METRICS_A_BATCH = 1000;
const MAX_PARAMS_A_BATCH = 100;
/** Characters of a parameter that MLflow takes. */
const MAX_PARAM_LENGTH = 6000;
/** Beyond this, the oldest are given up while the server is away. */
const MAX_PENDING_METRICS = 100_000;

const NOT_METRICS = new Set(['step', 'secondsLeft']);

const STATUSES: Readonly<Record<RunRecord['status'], MlflowStatus>> = {
  running: 'RUNNING',
  finished: 'FINISHED',
  stopped: 'KILLED',
  failed: 'FAILED',
};

interface BegunRun {
  readonly dir: string;
  readonly record: RunRecord;
  readonly resultsDir: string;
}

/**
 * Shows a run in MLflow: parameters and tags at its beginning, metrics every few seconds, files at its end. A server that cannot be reached, or refuses, is
 * complained of once through `warn`; metrics wait for it, and the run for nothing but one last attempt at its end.
 */
export function createMlflowMirror(settings: MlflowSettings, warn: (message: string) => void): RunMirror {
  const client = createMlflowClient(settings);
  let pending: MlflowMetric[] = [];
  let begun: BegunRun | undefined;
  let run: MlflowRun | undefined;
  let timer: NodeJS.Timeout | undefined;
  let last: Promise<boolean> = Promise.resolve(true);
  let isFlushing = false;
  let hasWarned = false;

  const attempt = async (work: () => Promise<void>): Promise<boolean> => {
    try {
      await work();
      return true;
    } catch (error) {
      if (!hasWarned) warn(`MLflow at ${settings.trackingUri} is not told of this run: ${reasonOf(error)}`);
      hasWarned = true;
      return false;
    }
  };
  const flush = async (): Promise<void> => {
    if (!begun) return;
    run ??= await openRun(client, settings, begun.dir, begun.record);
    while (pending.length > 0) {
      const metrics = pending.slice(0, MAX_METRICS_A_BATCH);
      await client.logBatch(run.runId, { metrics });
      pending = pending.slice(metrics.length);
    }
  };
  /** One after the other: a flush that is under way is waited for. */
  const enqueue = (work: () => Promise<void>): Promise<boolean> => (last = last.then(() => attempt(work)));

  /** One at a time: behind a server that does not answer, others would pile up, and the end of the run would wait for all of them. */
  const flushUnlessBusy = async (): Promise<void> => {
    if (isFlushing) return;
    isFlushing = true;
    await enqueue(flush);
    isFlushing = false;
  };

  return {
    begin(dir, record, resultsDir = join(dir, RESULTS_FOLDER)) {
      begun = { dir, record, resultsDir };
      void flushUnlessBusy();
      timer = setInterval(() => void flushUnlessBusy(), FLUSH_INTERVAL_MS);
    },
    log(entry) {
      pending.push(...toMetrics(entry, Date.now()));
      if (pending.length > MAX_PENDING_METRICS) pending = pending.slice(MAX_PENDING_METRICS / 10);
    },
    async end(record) {
      clearInterval(timer);
      const step = record.evaluations.at(-1)?.step ?? pending.at(-1)?.step ?? 0;
      pending.push(...toMetrics({ step, ...record.metrics }, Date.now()));
      await enqueue(async () => {
        await flush();
        if (!begun || !run) return;
        for (const { path, name } of await filesOf(begun)) await client.uploadFile(run, path, name);
        await client.updateRun(run.runId, STATUSES[record.status], Date.now());
      });
    },
  };
}

async function openRun(
  client: MlflowClient,
  settings: MlflowSettings,
  dir: string,
  record: RunRecord,
): Promise<MlflowRun> {
  const earlier = record.timing.resumes > 0 ? await readRunId(dir, settings.trackingUri) : undefined;
  const known = earlier === undefined ? undefined : await client.getRun(earlier);
  if (known) {
    await client.updateRun(known.runId, 'RUNNING');
    return known;
  }
  const experimentId = await client.experimentId(settings.experimentName);
  const startTime = Date.parse(record.timing.startedAt);
  const run = await client.createRun({ experimentId, name: basename(dir), startTime, tags: toTags(record) });
  const params = Object.entries(record.options).flatMap(([key, value]) =>
    value === null ? [] : [{ key, value: String(value).slice(0, MAX_PARAM_LENGTH) }],
  );
  for (let first = 0; first < params.length; first += MAX_PARAMS_A_BATCH) {
    await client.logBatch(run.runId, { params: params.slice(first, first + MAX_PARAMS_A_BATCH) });
  }
  const identity = { trackingUri: settings.trackingUri, experimentId, runId: run.runId };
  await writeDurably(join(dir, MLFLOW_FILE), `${JSON.stringify(identity, null, 2)}\n`);
  return run;
}

async function readRunId(dir: string, trackingUri: string): Promise<string | undefined> {
  try {
    const identity = JSON.parse(await readFile(join(dir, MLFLOW_FILE), 'utf8')) as Readonly<Record<string, unknown>>;
    return identity['trackingUri'] === trackingUri && typeof identity['runId'] === 'string'
      ? identity['runId']
      : undefined;
  } catch {
    return undefined;
  }
}

function toTags({ command, environment, data, model }: RunRecord): MlflowEntry[] {
  const tags: Readonly<Record<string, string | undefined>> = {
    'mlflow.source.name': `marquee ${command}`,
    'mlflow.source.type': 'LOCAL',
    'mlflow.source.git.commit': environment.commit,
    'marquee.cpu': `${environment.cores} × ${environment.cpu}`,
    'marquee.node': environment.node,
    'marquee.onnxruntime': environment.onnxruntime,
    'marquee.model.sha256': model?.sha256,
    ...Object.fromEntries(Object.entries(data).map(([part, { sha256 }]) => [`marquee.data.${part}.sha256`, sha256])),
  };
  return Object.entries(tags).flatMap(([key, value]) => (value === undefined ? [] : [{ key, value }]));
}

/** MLflow has no place for what is no number. */
const toMetrics = ({ step, ...fields }: RunLogEntry, timestamp: number): MlflowMetric[] =>
  Object.entries(fields).flatMap(([key, value]) =>
    typeof value === 'number' && Number.isFinite(value) && !NOT_METRICS.has(key)
      ? [{ key, value, timestamp, step }]
      : [],
  );

/** What is uploaded of a run: files of its folder, and its results where they stand elsewhere. */
async function filesOf({
  dir,
  record,
  resultsDir,
}: BegunRun): Promise<{ readonly path: string; readonly name: string }[]> {
  const own = (await listRunFiles(dir)).filter((name) => name !== MLFLOW_FILE);
  const isElsewhere = resultsDir !== join(dir, RESULTS_FOLDER);
  const results = isElsewhere ? await listResults(resultsDir, Date.parse(record.timing.startedAt)) : [];
  return [
    ...own.map((name) => ({ path: join(dir, name), name })),
    ...results.map((name) => ({ path: join(resultsDir, name), name: `${RESULTS_FOLDER}/${name}` })),
  ];
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === 'TimeoutError') return 'it does not answer in time';
  return error.cause instanceof Error ? error.cause.message : error.message;
}
