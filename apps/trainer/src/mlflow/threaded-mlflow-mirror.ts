import { Worker } from 'node:worker_threads';

import type { RunMirror } from '../tracking/record-run.js';
import type { RunFile } from '../tracking/run-files.js';
import type { RunLogEntry, RunRecord } from '../tracking/run-record.js';
import { type MlflowSettings, readMlflowSettings } from './mlflow-settings.js';

export type ToThread =
  | { readonly kind: 'begin'; readonly dir: string; readonly record: RunRecord }
  | { readonly kind: 'log'; readonly entry: RunLogEntry }
  | { readonly kind: 'end'; readonly record: RunRecord; readonly files: readonly RunFile[] };

export type FromThread = { readonly kind: 'warning'; readonly warning: string } | { readonly kind: 'ended' };

/** The mirror that the environment asks for, if any. An address that is none is complained of when a run begins. */
export function openMlflowMirror(
  env: Readonly<Record<string, string | undefined>>,
  warn: (message: string) => void,
): RunMirror | undefined {
  const settings = readMlflowSettings(env);
  if (!settings) return undefined;
  if (!('problem' in settings)) return createThreadedMlflowMirror(settings, warn);
  return { begin: () => warn(settings.problem), log: () => undefined, end: () => Promise.resolve() };
}

/** An MLflow mirror in a thread of its own, which begins with the run: neither a slow server nor a long step makes the other wait. */
function createThreadedMlflowMirror(settings: MlflowSettings, warn: (message: string) => void): RunMirror {
  let thread: Worker | undefined;
  let ended: Promise<void> = Promise.resolve();
  const tell = (message: ToThread): void => thread?.postMessage(message);
  return {
    begin(dir, record) {
      const begun = new Worker(new URL('./mlflow-thread.js', import.meta.url), { workerData: settings });
      begun.unref(); // only the end of a run waits for it
      thread = begun;
      ended = new Promise((resolve) => {
        begun.on('message', (message: FromThread) => {
          if (message.kind === 'warning') warn(message.warning);
          else resolve();
        });
        begun.on('error', (error) => {
          warn(`MLflow is not told of this run: ${error.message}`);
          resolve();
        });
        begun.on('exit', () => resolve());
      });
      tell({ kind: 'begin', dir, record });
    },
    log: (entry) => tell({ kind: 'log', entry }),
    async end(record, files) {
      tell({ kind: 'end', record, files });
      thread?.ref();
      await ended;
    },
  };
}
