import { setTimeout as delay } from 'node:timers/promises';
import type { EngineInfo, EngineRun } from '@marquee/model-core';
import { StartError } from '../lifecycle/start-error.js';
import type { Log } from '../log.js';
import type { EngineSource } from './child-messages.js';
import { CrashLoop } from './crash-loop.js';
import { EngineProcess, ProcessLostError } from './engine-process.js';
import type { RunAnswer } from './engine-process.js';
import type { RunSlots } from './scheduler.js';

export interface EnginePoolOptions {
  readonly source: EngineSource;
  readonly log: Log;
  readonly timing: PoolTiming;
  /** Compiled entry of a process. */
  readonly engineModule: URL;
  /** Runs what shows that a process answers rightly, before it is given work. Throws StartError when it does not. */
  readonly warmUp: (process: EngineProcess) => Promise<void>;
  /** A process can take more work. */
  readonly onFree: () => void;
  readonly onLost: () => void;
  /** No process is left, and the one that was to take the place of the last did not start. */
  readonly onNoneLeft: () => void;
  /** The processes have been dying for so long that this server cannot help itself. */
  readonly onHopeless: () => void;
}

export interface PoolTiming {
  /** A process that is not ready by then is killed. Default 2 minutes. */
  readonly loadTimeoutMs: number;
  /** Time that a process has to end by itself at `close`. Default 3 s. */
  readonly exitTimeoutMs: number;
  /** Wait before a lost process is replaced; doubles with each loss in a row. Default 100 ms to 10 s. */
  readonly minBackoffMs: number;
  readonly maxBackoffMs: number;
  /** A crash loop that lasts so long is hopeless. Default 5 minutes. */
  readonly hopelessAfterMs: number;
}

export const DEFAULT_POOL_TIMING: PoolTiming = {
  loadTimeoutMs: 120_000,
  exitTimeoutMs: 3_000,
  minBackoffMs: 100,
  maxBackoffMs: 10_000,
  hopelessAfterMs: 300_000,
};

/** Runs that a process may hold: the one that it does, and one on its way, so that it never waits for the server. */
const RUNS_PER_PROCESS = 2;

/** The processes of one model. One that is lost is replaced. */
export class EnginePool implements RunSlots {
  /** Undefined until a process was ready. */
  info: EngineInfo | undefined;
  readonly #options: EnginePoolOptions;
  readonly #live = new Set<EngineProcess>();
  readonly #ready = new Set<EngineProcess>();
  readonly #closing = new AbortController();
  readonly #crashLoop: CrashLoop;

  constructor(options: EnginePoolOptions) {
    this.#options = options;
    this.#crashLoop = new CrashLoop({ ...options.timing, onHopeless: options.onHopeless });
  }

  get processes(): number {
    return this.#ready.size;
  }

  get freeSlots(): number {
    let slots = 0;
    for (const { pendingRuns } of this.#ready) slots += RUNS_PER_PROCESS - pendingRuns;
    return slots;
  }

  get isCrashLooping(): boolean {
    return this.#crashLoop.isLooping;
  }

  get processIds(): readonly number[] {
    return [...this.#live].flatMap(({ pid }) => (pid === undefined ? [] : [pid]));
  }

  /** Adds processes, and resolves when all of them are ready. Throws StartError MODEL_UNUSABLE when one cannot be. */
  async start(processes: number): Promise<void> {
    try {
      await Promise.all(Array.from({ length: processes }, () => this.#spawn()));
    } catch (error) {
      if (!(error instanceof ProcessLostError)) throw error;
      throw new StartError('MODEL_UNUSABLE', `${error.message} while it loaded the model`, { cause: error });
    }
  }

  async run(run: EngineRun, timeoutMs: number, signal: AbortSignal): Promise<RunAnswer> {
    const open = [...this.#ready].filter(({ pendingRuns }) => pendingRuns < RUNS_PER_PROCESS);
    const [least] = open.sort((a, b) => a.pendingTokens - b.pendingTokens);
    if (least === undefined) throw new ProcessLostError('no inference process is left', false);
    const answer = await least.run(run, timeoutMs, signal);
    this.onAnswer();
    return answer;
  }

  /** A request was answered: said by who answers some without a process. */
  onAnswer(): void {
    this.#crashLoop.onAnswer();
  }

  /** Resolves when no process is left. Runs in hand are lost. */
  async close(): Promise<void> {
    this.#closing.abort();
    this.#crashLoop.close();
    await Promise.all([...this.#live].map((process) => process.close()));
  }

  /** Resolves when the new process is ready; from then on its loss is repaired. */
  async #spawn(): Promise<void> {
    this.#closing.signal.throwIfAborted();
    const { source, engineModule: module, timing, warmUp, onFree } = this.#options;
    const process = new EngineProcess({ source, module, ...timing });
    this.#live.add(process);
    void process.exited.then(() => this.#live.delete(process));
    try {
      this.info = await process.loaded;
      await warmUp(process);
    } catch (error) {
      await process.close();
      throw error;
    }
    this.#ready.add(process);
    void process.exited.then((reason) => this.#onLoss(process, reason));
    onFree();
  }

  #onLoss(process: EngineProcess, reason: string): void {
    this.#ready.delete(process);
    if (this.#closing.signal.aborted) return;
    this.#options.log.warn({ pid: process.pid, reason }, 'an inference process was lost');
    this.#options.onLost();
    void this.#replace();
  }

  /** Tries until a process is ready. */
  async #replace(): Promise<void> {
    const { log, onNoneLeft } = this.#options;
    const { signal } = this.#closing;
    for (;;) {
      const backoffMs = this.#crashLoop.onDeath();
      try {
        await delay(backoffMs, undefined, { signal });
        await this.#spawn();
        return;
      } catch (error) {
        if (signal.aborted) return;
        log.error({ err: error }, 'an inference process did not start');
        if (this.#ready.size === 0) onNoneLeft();
      }
    }
  }
}
