import { setTimeout as delay } from 'node:timers/promises';
import type { Prediction } from '@marquee/model-core';
import { ApiError } from '../http/api-error.js';
import { StartError } from '../lifecycle/start-error.js';
import type { Log } from '../log.js';
import type { ChildModel, LoadedModel } from './child-messages.js';
import { InferenceProcess, ProcessLostError, predictionFailed } from './inference-process.js';
import type { InferencePool, PredictOptions } from './inference-pool.js';

export interface ChildProcessPoolOptions {
  readonly model: ChildModel;
  readonly log: Log;
  /** Processes that hold the model. Default 1. */
  readonly processes?: number;
  /** Reviews that may wait; more are answered 503. Default 1024. */
  readonly maxQueuedReviews?: number;
  /** A run that takes longer is taken for a hang, and its process is killed. Default 30 s. */
  readonly runTimeoutMs?: number;
  /** Time that a process has to end by itself at `close`. Default 3 s. */
  readonly exitTimeoutMs?: number;
  /** Wait before a lost process is replaced; doubles with each loss in a row. Default 100 ms to 10 s. */
  readonly minBackoffMs?: number;
  readonly maxBackoffMs?: number;
  /** Compiled entry of the child. Default: the one beside this file. */
  readonly childModule?: URL;
}

const DEFAULTS = {
  processes: 1,
  maxQueuedReviews: 1024,
  runTimeoutMs: 30_000,
  exitTimeoutMs: 3_000,
  minBackoffMs: 100,
  maxBackoffMs: 10_000,
};

/** A review that two processes died over is not given to a third. */
const MAX_LOST_PROCESSES = 2;

interface Job {
  readonly text: string;
  readonly signal: AbortSignal | undefined;
  resolve(prediction: Prediction): void;
  reject(error: unknown): void;
  lostProcesses: number;
}

/** Inference in child processes: a bounded queue with one owner, and lost processes replaced. */
export class ChildProcessPool implements InferencePool {
  loaded: LoadedModel | undefined;
  readonly #options: Required<ChildProcessPoolOptions>;
  readonly #live = new Set<InferenceProcess>();
  readonly #idle: InferenceProcess[] = [];
  readonly #queue: Job[] = [];
  readonly #closing = new AbortController();
  #loadedCount = 0;
  #lossesInARow = 0;

  constructor(options: ChildProcessPoolOptions) {
    const childModule = new URL('./child-main.js', import.meta.url);
    this.#options = { ...DEFAULTS, childModule, ...options };
  }

  get ready(): boolean {
    return this.#loadedCount > 0 && !this.#isClosing();
  }

  get processIds(): readonly number[] {
    return [...this.#live].flatMap(({ pid }) => (pid === undefined ? [] : [pid]));
  }

  async start(): Promise<void> {
    try {
      await Promise.all(Array.from({ length: this.#options.processes }, () => this.#spawn()));
    } catch (error) {
      if (!(error instanceof ProcessLostError)) throw error;
      throw new StartError('MODEL_UNUSABLE', `${error.message} while it loaded the model`, { cause: error });
    }
  }

  async predict(text: string, options: PredictOptions = {}): Promise<Prediction> {
    const { signal } = options;
    if (this.#isClosing()) throw shuttingDown();
    if (!this.ready) throw modelNotLoaded();
    if (this.#queue.length >= this.#options.maxQueuedReviews) {
      throw new ApiError('QUEUE_FULL', 'Too many reviews are waiting: try again later');
    }
    return new Promise((resolve, reject) => {
      this.#queue.push({ text, signal, resolve, reject, lostProcesses: 0 });
      this.#dispatch();
    });
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.#failQueue(shuttingDown());
    await Promise.all([...this.#live].map((process) => process.close()));
  }

  /** Resolves when the new process has loaded the model; from then on its loss is repaired. */
  async #spawn(): Promise<void> {
    if (this.#isClosing()) throw shuttingDown();
    const process = new InferenceProcess(this.#options);
    this.#live.add(process);
    void process.exited.then(() => this.#live.delete(process));
    try {
      this.loaded = await process.loaded;
    } catch (error) {
      await process.close();
      throw error;
    }
    this.#loadedCount++;
    void process.exited.then(() => this.#onLoss(process));
    this.#release(process);
  }

  #release(process: InferenceProcess): void {
    this.#idle.push(process);
    this.#dispatch();
  }

  #dispatch(): void {
    while (this.#idle.length > 0 && this.#queue.length > 0) {
      const job = this.#queue.shift() as Job; // the queue is not empty
      if (job.signal?.aborted === true) job.reject(job.signal.reason);
      else void this.#work(this.#idle.shift() as InferenceProcess, job); // nor is the list of idle processes
    }
  }

  async #work(process: InferenceProcess, job: Job): Promise<void> {
    try {
      job.resolve(await process.predict(job.text));
      this.#lossesInARow = 0;
    } catch (error) {
      if (error instanceof ProcessLostError) {
        this.#retry(job, error);
        return; // #onLoss replaces the process
      }
      job.reject(error);
    }
    this.#release(process);
  }

  #retry(job: Job, error: ProcessLostError): void {
    job.lostProcesses++;
    if (this.#isClosing()) job.reject(shuttingDown());
    else if (job.lostProcesses >= MAX_LOST_PROCESSES) job.reject(predictionFailed(error));
    else {
      this.#queue.unshift(job);
      this.#dispatch();
    }
  }

  #onLoss(process: InferenceProcess): void {
    this.#loadedCount--;
    const index = this.#idle.indexOf(process);
    if (index >= 0) this.#idle.splice(index, 1);
    if (!this.#isClosing()) void this.#replace();
  }

  /** Tries until a process has loaded the model. Requests in hand wait for the first try only. */
  async #replace(): Promise<void> {
    while (!this.#isClosing()) {
      const backoffMs = Math.min(this.#options.minBackoffMs * 2 ** this.#lossesInARow, this.#options.maxBackoffMs);
      this.#lossesInARow++;
      this.#options.log.warn({ backoff_ms: backoffMs }, 'an inference process was lost');
      try {
        await delay(backoffMs, undefined, { signal: this.#closing.signal });
        await this.#spawn();
        return;
      } catch (error) {
        if (this.#isClosing()) return;
        this.#options.log.error({ err: error }, 'an inference process did not start');
        if (!this.ready) this.#failQueue(modelNotLoaded());
      }
    }
  }

  #isClosing(): boolean {
    return this.#closing.signal.aborted;
  }

  #failQueue(error: ApiError): void {
    for (const job of this.#queue.splice(0)) job.reject(error);
  }
}

function modelNotLoaded(): ApiError {
  return new ApiError('MODEL_NOT_LOADED', 'Model not loaded');
}

function shuttingDown(): ApiError {
  return new ApiError('SHUTTING_DOWN', 'Server is shutting down');
}
