import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';

import { writeDurably } from '../durable-write.js';
import type { RunMirror } from '../tracking/record-run.js';
import type { RunFile } from '../tracking/run-files.js';
import type { RunRecord } from '../tracking/run-record.js';
import {
  createMlflowClient,
  type MlflowClient,
  type MlflowEntry,
  type MlflowMetric,
  type MlflowRun,
  type MlflowStatus,
} from './mlflow-client.js';
import { describeFailure, isSilence } from './mlflow-failure.js';
import type { MlflowSettings } from './mlflow-settings.js';
import { toMetrics, toParams, toTags } from './run-entries.js';
import { describeMissing, uploadFiles } from './run-upload.js';

/** Which MLflow run a folder belongs to, so that a resumed training goes on in it. */
export const MLFLOW_FILE = 'mlflow.json';

const FLUSH_INTERVAL_MS = 5_000;
const MAX_METRICS_A_BATCH = 1000;
const MAX_PARAMS_A_BATCH = 100;
/** Beyond this, the oldest are given up while the server is away. */
const MAX_PENDING_METRICS = 100_000;

const STATUSES: Readonly<Record<RunRecord['status'], MlflowStatus>> = {
  running: 'RUNNING',
  finished: 'FINISHED',
  stopped: 'KILLED',
  failed: 'FAILED',
};

interface BegunRun {
  readonly dir: string;
  readonly record: RunRecord;
}

/**
 * Shows a run in MLflow: parameters and tags at its beginning, metrics every few seconds, its status and then its files at its end. A server that cannot be
 * reached, or refuses, is complained of once through `warn`, and files that did not arrive once by their names; metrics wait for the server, and the run for
 * nothing but one last attempt at its end.
 */
export function createMlflowMirror(settings: MlflowSettings, warn: (message: string) => void): RunMirror {
  let writer: RunWriter | undefined;
  let timer: NodeJS.Timeout | undefined;
  let last: Promise<void> = Promise.resolve();
  let isFlushing = false;
  let hasWarned = false;

  /** Each by itself: what is refused keeps no other back, and behind a server that does not answer nothing more is asked. */
  const tryEach = async (works: readonly (() => Promise<void>)[]): Promise<void> => {
    for (const work of works) {
      try {
        await work();
      } catch (error) {
        if (!hasWarned) warn(`MLflow at ${settings.trackingUri} is not told of this run: ${describeFailure(error)}`);
        hasWarned = true;
        if (isSilence(error)) return;
      }
    }
  };
  /** One after the other: a flush that is under way is waited for. */
  const enqueue = (...works: readonly (() => Promise<void>)[]): Promise<void> =>
    (last = last.then(() => tryEach(works)));
  const flush = ({ open, sendParams, sendMetrics }: RunWriter): Promise<void> => enqueue(open, sendParams, sendMetrics);

  /** One at a time: behind a server that does not answer, others would pile up, and the end of the run would wait for all of them. */
  const flushUnlessBusy = async (begun: RunWriter): Promise<void> => {
    if (isFlushing) return;
    isFlushing = true;
    await flush(begun);
    isFlushing = false;
  };

  return {
    begin(dir, record) {
      const begun = createRunWriter(settings, { dir, record }, warn);
      writer = begun;
      void flushUnlessBusy(begun);
      timer = setInterval(() => void flushUnlessBusy(begun), FLUSH_INTERVAL_MS);
    },
    log: (entry) => writer?.addMetrics(entry, entry.step),
    async end(record, files) {
      clearInterval(timer);
      if (!writer) return;
      const { addMetrics, sendStatus, sendFiles } = writer;
      const endTime = Date.now();
      addMetrics(record.metrics ?? {}, record.evaluations.at(-1)?.step);
      await flush(writer);
      // A run that is known must not stay RUNNING because a last metric was late.
      await enqueue(
        () => sendStatus(STATUSES[record.status], endTime),
        () => sendFiles(files),
      );
    },
  };
}

/** What there is to tell of one run. What is sent throws as `MlflowClient` does, and does nothing before the run is open. */
interface RunWriter {
  /** Without a step it is that of the last metric. */
  readonly addMetrics: (fields: Readonly<Record<string, number | string>>, step?: number) => void;
  readonly open: () => Promise<void>;
  readonly sendParams: () => Promise<void>;
  readonly sendMetrics: () => Promise<void>;
  readonly sendStatus: (status: MlflowStatus, endTime: number) => Promise<void>;
  readonly sendFiles: (files: readonly RunFile[]) => Promise<void>;
}

function createRunWriter(settings: MlflowSettings, begun: BegunRun, warn: (message: string) => void): RunWriter {
  const client = createMlflowClient(settings);
  let params: readonly MlflowEntry[] = [];
  let metrics: MlflowMetric[] = [];
  let run: MlflowRun | undefined;
  return {
    addMetrics(fields, step = metrics.at(-1)?.step ?? 0) {
      metrics.push(...toMetrics({ ...fields, step }, Date.now()));
      if (metrics.length > MAX_PENDING_METRICS) metrics = metrics.slice(MAX_PENDING_METRICS / 10);
    },
    async open() {
      if (run) return;
      run = await reopenRun(client, settings, begun);
      if (run) return;
      const experimentId = await client.experimentId(settings.experimentName);
      run = await client.createRun({ experimentId, ...identityOf(begun) });
      params = toParams(begun.record);
      await writeRunId(begun.dir, { trackingUri: settings.trackingUri, experimentId, runId: run.runId });
    },
    async sendParams() {
      while (run && params.length > 0) {
        await client.logBatch(run.runId, { params: params.slice(0, MAX_PARAMS_A_BATCH) });
        params = params.slice(MAX_PARAMS_A_BATCH);
      }
    },
    async sendMetrics() {
      while (run && metrics.length > 0) {
        const batch = metrics.slice(0, MAX_METRICS_A_BATCH);
        await client.logBatch(run.runId, { metrics: batch });
        metrics = metrics.slice(batch.length);
      }
    },
    async sendStatus(status, endTime) {
      if (run) await client.updateRun(run.runId, status, endTime);
    },
    async sendFiles(files) {
      const missing = run ? await uploadFiles(client, run, files, settings.timeoutMs) : [];
      if (missing.length === 0) return;
      warn(`MLflow at ${settings.trackingUri} has not all files of this run: ${describeMissing(missing)}`);
    },
  };
}

/** The run of an earlier process of this training, where the server still knows it. */
async function reopenRun(
  client: MlflowClient,
  { trackingUri }: MlflowSettings,
  { dir, record }: BegunRun,
): Promise<MlflowRun | undefined> {
  const earlier = record.timing.resumes > 0 ? await readRunId(dir, trackingUri) : undefined;
  const known = earlier === undefined ? undefined : await client.getRun(earlier);
  if (known) await client.updateRun(known.runId, 'RUNNING');
  return known;
}

const identityOf = ({ dir, record }: BegunRun): { name: string; startTime: number; tags: MlflowEntry[] } => ({
  name: basename(dir),
  startTime: Date.parse(record.timing.startedAt),
  tags: toTags(record),
});

interface RunId {
  readonly trackingUri: string;
  readonly experimentId: string;
  readonly runId: string;
}

const writeRunId = (dir: string, id: RunId): Promise<void> =>
  writeDurably(join(dir, MLFLOW_FILE), `${JSON.stringify(id, null, 2)}\n`);

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
