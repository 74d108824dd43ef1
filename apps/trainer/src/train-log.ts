import { appendFileSync, closeSync, existsSync, fsyncSync, openSync, readFileSync, writeFileSync } from 'node:fs';

/** One line of `train_log.jsonl`. */
export interface TrainLogEntry {
  readonly step: number;
  readonly [field: string]: number | string;
}

export interface TrainLog {
  append(entry: TrainLogEntry): void;
  close(): void;
}

/**
 * Opens `train_log.jsonl` for appending. Lines past `fromStep` (of a run that is resumed from an earlier checkpoint) are dropped, as is a half-written
 * last line, so that the log of a resumed run reads like that of an uninterrupted one.
 */
export function openTrainLog(path: string, fromStep: number): TrainLog {
  const kept = existsSync(path) ? readFileSync(path, 'utf8').split('\n').filter((line) => isUpTo(line, fromStep)) : [];
  writeFileSync(path, kept.map((line) => `${line}\n`).join(''));
  const file = openSync(path, 'a');
  return {
    append: (entry) => appendFileSync(file, `${JSON.stringify(entry)}\n`),
    close() {
      fsyncSync(file);
      closeSync(file);
    },
  };
}

function isUpTo(line: string, step: number): boolean {
  try {
    return (JSON.parse(line) as TrainLogEntry).step <= step;
  } catch {
    return false;
  }
}
