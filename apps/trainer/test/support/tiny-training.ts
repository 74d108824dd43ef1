import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { Progress, StepProgress } from '../../src/progress.js';
import { runTraining, type TrainResult } from '../../src/train.js';
import { TRAIN_OPTION_SPECS, type TrainOptions } from '../../src/train-options.js';

/** Options of a short training: 4 reviews a batch, cut at 24 tokens, a checkpoint every 3 steps. */
export function tinyOptions(
  required: Pick<TrainOptions, 'trainFile' | 'modelNameOrPath' | 'outputDir'>,
  changes: Partial<TrainOptions> = {},
): TrainOptions {
  const defaults = Object.fromEntries(
    Object.entries(TRAIN_OPTION_SPECS).map(([name, { fallback }]) => [name, fallback]),
  );
  const tiny = {
    maxSeqLength: 24,
    perDeviceTrainBatchSize: 4,
    validationSplitPercentage: changes.dataFile === undefined ? 20 : undefined,
    learningRate: 2e-3,
    numTrainEpochs: 1,
    saveSteps: 3,
    threads: 1,
    device: 'cpu',
    precision: 'fp32',
  };
  return { ...defaults, ...tiny, ...required, ...changes } as unknown as TrainOptions;
}

export interface Observed {
  readonly lines: string[];
  readonly progress: Progress;
}

/** Keeps the lines that a user would read; `onStep` is called after each step. */
export function observe(onStep: (step: StepProgress) => void = () => undefined): Observed {
  const lines: string[] = [];
  return {
    lines,
    progress: { say: (line) => lines.push(line), step: onStep, count: () => undefined, done: () => undefined },
  };
}

export const train = (options: TrainOptions, { progress } = observe()): Promise<TrainResult> =>
  runTraining(options, { progress, stopRequested: () => false });

/** Trains until `stopAfter` steps are done, as if Ctrl-C was pressed then. Returns the checkpoint. */
export async function trainAndStop(options: TrainOptions, stopAfter: number): Promise<string> {
  let done = 0;
  const { progress } = observe(({ step }) => (done = step));
  const result = await runTraining(options, { progress, stopRequested: () => done >= stopAfter });
  if ('stoppedAt' in result) return result.stoppedAt;
  throw new Error('the training ended before it was to be stopped');
}

export const weightsOf = (outputDir: string): Promise<Buffer> => readFile(join(outputDir, 'model.safetensors'));

const TIMING_FIELDS = new Set(['seconds', 'tokensPerSecond', 'secondsLeft', 'peakMemoryBytes']);

/** Entries of `train_log.jsonl` without what depends on the clock. */
export async function logOf(outputDir: string): Promise<Record<string, unknown>[]> {
  const text = await readFile(join(outputDir, 'train_log.jsonl'), 'utf8');
  return text
    .trimEnd()
    .split('\n')
    .map(
      (line) =>
        JSON.parse(line, (key, value: unknown) => (TIMING_FIELDS.has(key) ? undefined : value)) as Record<
          string,
          unknown
        >,
    );
}
