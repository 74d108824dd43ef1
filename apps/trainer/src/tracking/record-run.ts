import type { EvaluationWatch } from '../evaluation-watch.js';
import type { HubSettings } from '../hub/hub-settings.js';
import { peakMemoryBytes } from '../training-effort.js';
import { TrainerError } from '../trainer-error.js';
import { describeEnvironment } from './environment.js';
import { listRunFiles, type RunFile, type RunFolders } from './run-files.js';
import {
  readRunRecord,
  type RunEnd,
  type RunLogEntry,
  type RunRecord,
  type RunStart,
  writeRunRecord,
} from './run-record.js';

/** Another place that shows a run. No call throws, and only `end` may be waited for. */
export interface RunMirror {
  begin(dir: string, record: RunRecord): void;
  log(entry: RunLogEntry): void;
  /** With all that the run wrote. Resolves when the rest has been handed over, or could not be. */
  end(record: RunRecord, files: readonly RunFile[]): Promise<void>;
}

/** What a run answers to, where it is shown, and where models come from that are named instead of given as a folder. */
export interface RunWatch extends EvaluationWatch {
  readonly mirror?: RunMirror;
  readonly hub?: HubSettings;
}

export interface RunRecorder {
  /** Takes a line of the run's log. Evaluations are in `run.json` soon after. */
  log(entry: RunLogEntry): void;
}

export interface RecordedRun<T> extends Omit<RunFolders, 'record'> {
  readonly start: RunStart;
  /** Whether it goes on with the run whose record the folder holds. */
  readonly resumes?: boolean;
  readonly mirror?: RunMirror | undefined;
  readonly run: (recorder: RunRecorder) => Promise<T>;
  readonly endOf: (result: T) => RunEnd | Promise<RunEnd>;
}

/** Runs something that leaves `run.json` in its folder, which exists, written at the start, after each evaluation and at the end, however it ends. */
export async function recordRun<T>({
  dir,
  start,
  resumes,
  mirror,
  files,
  resultsDir,
  run,
  endOf,
}: RecordedRun<T>): Promise<T> {
  const earlier = resumes ? await readRunRecord(dir) : undefined;
  let record = await firstRecord(start, earlier);
  const secondsNow = stopwatch(earlier?.timing.seconds ?? 0);
  const save = async (changes: Partial<RunRecord>): Promise<void> => {
    const timing = { ...record.timing, updatedAt: new Date().toISOString(), seconds: secondsNow() };
    record = { ...record, ...changes, timing, peakMemoryBytes: peakMemoryBytes() };
    await writeRunRecord(dir, record);
  };
  await save({});
  mirror?.begin(dir, record);
  const saves: Promise<void>[] = [];
  const recorder: RunRecorder = {
    log(entry) {
      mirror?.log(entry);
      if (!isEvaluation(entry)) return;
      const evaluations = [...record.evaluations.filter(({ step }) => step < entry.step), entry];
      record = { ...record, evaluations };
      const last = saves.at(-1) ?? Promise.resolve();
      // A disk that fills up shows at the last save, with the run's own error or at its end.
      saves.push(last.then(() => save({})).catch(() => undefined));
    },
  };
  const tellEnd = async (): Promise<void> =>
    mirror?.end(record, await listRunFiles({ dir, record, files, resultsDir }));
  try {
    const result = await run(recorder);
    await Promise.all(saves);
    await save(await endOf(result));
    await tellEnd();
    return result;
  } catch (error) {
    // The run's own error says more than that of a record that cannot be written, and the mirror learns of it even so.
    await Promise.all(saves);
    await save(endOfError(error)).catch(() => undefined);
    await tellEnd().catch(() => undefined);
    throw error;
  }
}

async function firstRecord(start: RunStart, earlier: RunRecord | undefined): Promise<RunRecord> {
  const now = new Date().toISOString();
  return {
    formatVersion: 1,
    status: 'running',
    ...start,
    environment: await describeEnvironment(),
    evaluations: earlier?.evaluations ?? [],
    timing: {
      startedAt: earlier?.timing.startedAt ?? now,
      updatedAt: now,
      seconds: earlier?.timing.seconds ?? 0,
      resumes: earlier ? earlier.timing.resumes + 1 : 0,
    },
    peakMemoryBytes: peakMemoryBytes(),
    pid: process.pid,
  };
}

/** Only an error with a code was written for a reader; another one is named, no more. */
function endOfError(error: unknown): RunEnd {
  if (error instanceof TrainerError && error.code === 'INTERRUPTED') return { status: 'stopped' };
  if (!(error instanceof Error)) return { status: 'failed' };
  const code = 'code' in error ? String(error.code) : 'BUG';
  return { status: 'failed', error: { code, message: 'code' in error ? error.message : error.name } };
}

const isEvaluation = (entry: RunLogEntry): boolean => Object.keys(entry).some((field) => field.startsWith('eval_'));

function stopwatch(secondsBefore: number): () => number {
  const start = performance.now();
  return () => Math.round((secondsBefore + (performance.now() - start) / 1000) * 1000) / 1000;
}
