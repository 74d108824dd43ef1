import { formatSeconds, type Progress } from './progress.js';
import { loggedEffort, type TrainLog } from './train-log.js';

/** What a training took, without evaluations and checkpoints. */
export interface TrainingEffort {
  readonly seconds: number;
  /** Padding not counted. */
  readonly tokens: number;
  readonly tokensPerSecond: number;
  /** Largest resident memory of this process so far; of a resumed training, since it went on. */
  readonly peakMemoryBytes: number;
}

/** Largest resident memory of this process so far. */
export const peakMemoryBytes = (): number => process.resourceUsage().maxRSS * 1024; // Node gives kilobytes

/** Sums up the logged steps, once the last one is done, and says so in the last line of the log and to the user. */
export async function reportEffort(
  logPath: string,
  step: number,
  log: TrainLog,
  progress: Progress,
): Promise<TrainingEffort> {
  const { seconds, tokens } = await loggedEffort(logPath);
  const effort = {
    seconds: Math.round(seconds),
    tokens,
    tokensPerSecond: Math.round(tokens / Math.max(seconds, 0.001)),
    peakMemoryBytes: peakMemoryBytes(),
  };
  log.append({ step, ...effort });
  const pace = `${tokens.toLocaleString('en')} tokens in ${formatSeconds(seconds)}, ${effort.tokensPerSecond} tokens/s`;
  progress.say(`trained on ${pace}, peak memory ${(effort.peakMemoryBytes / 1e9).toFixed(2)} GB`);
  return effort;
}
