import { appendFileSync, closeSync, fsyncSync, openSync } from 'node:fs';
import { readFile } from 'node:fs/promises';

import { writeDurably, writeFailure } from './durable-write.js';
import type { RunRecorder } from './tracking/record-run.js';
import type { RunLogEntry } from './tracking/run-record.js';

export interface TrainLog {
  append(entry: RunLogEntry): void;
  close(): void;
}

/** Where a resumed run goes on: after which step, and whether the evaluation that belongs to that step is still to come. */
export interface LogPosition {
  readonly step: number;
  readonly evaluationIsDue: boolean;
}

/**
 * Opens `train_log.jsonl` for appending. What an earlier process logged past the position is dropped, as is a half-written last line, so that the log
 * of a resumed run reads like that of an uninterrupted one. The recorder hears of each new line.
 */
export async function openTrainLog(path: string, position: LogPosition, recorder: RunRecorder): Promise<TrainLog> {
  const kept = (await readTrainLog(path)).filter((entry) => isBefore(entry, position));
  await writeDurably(path, kept.map((entry) => `${JSON.stringify(entry)}\n`).join(''));
  const file = openSync(path, 'a');
  const guarded = (write: () => void): void => {
    try {
      write();
    } catch (cause) {
      throw writeFailure(path, cause);
    }
  };
  return {
    append: (entry) => {
      guarded(() => appendFileSync(file, `${JSON.stringify(entry)}\n`));
      recorder.log(entry);
    },
    close: () => {
      guarded(() => fsyncSync(file));
      closeSync(file);
    },
  };
}

/** Seconds and tokens of all logged steps, those of earlier processes included. */
export async function loggedEffort(path: string): Promise<{ seconds: number; tokens: number }> {
  const steps = (await readTrainLog(path)).filter((entry) => 'loss' in entry);
  const sum = (field: string): number => steps.reduce((total, entry) => total + Number(entry[field]), 0);
  return { seconds: sum('seconds'), tokens: sum('tokens') };
}

/** Entries in their order; none where there is no log. */
export async function readTrainLog(path: string): Promise<RunLogEntry[]> {
  const text = await readFile(path, 'utf8').catch(() => '');
  return text.split('\n').flatMap((line) => {
    try {
      return [JSON.parse(line) as RunLogEntry];
    } catch {
      return []; // half-written, or the end of the file
    }
  });
}

function isBefore(entry: RunLogEntry, { step, evaluationIsDue }: LogPosition): boolean {
  if ('peakMemoryBytes' in entry) return false; // the end of a training that goes on
  return entry.step < step || (entry.step === step && !(evaluationIsDue && 'eval_loss' in entry));
}
