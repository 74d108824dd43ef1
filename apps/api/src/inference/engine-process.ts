import type { EngineInfo, EngineRun } from '@marquee/model-core';
import { StartError } from '../lifecycle/start-error.js';
import { NICENESS, WorkerProcess } from '../lifecycle/worker-process.js';
import type { EngineReply, EngineRequest, EngineSource } from './child-messages.js';

export interface EngineProcessOptions {
  readonly source: EngineSource;
  /** Compiled entry of the process. */
  readonly module: URL;
  /** A process that has not loaded the model by then is killed. */
  readonly loadTimeoutMs: number;
  /** Time that a process has to end by itself before it is killed. */
  readonly exitTimeoutMs: number;
}

export interface RunAnswer {
  /** `[negative, positive]` */
  readonly logits: Float32Array;
  /** Time that the run took. */
  readonly inferenceMs: number;
  /** Time that the process was busy with it, the way there and back included. */
  readonly busyMs: number;
}

/** The process died, or was killed, before it answered: the same run may be tried on another one. */
export class ProcessLostError extends Error {
  override readonly name = 'ProcessLostError';

  constructor(
    message: string,
    /** False for a run that stood behind another one: it cannot be what the process died over. */
    readonly hadStarted: boolean,
  ) {
    super(message);
  }
}

interface PendingRun {
  readonly id: number;
  readonly tokens: number;
  readonly timeoutMs: number;
  resolve(answer: RunAnswer): void;
  reject(error: Error): void;
}

/** One inference process. It does one run at a time, and the next one may be on its way meanwhile. */
export class EngineProcess {
  /** Resolves when the model is loaded. Throws StartError MODEL_UNUSABLE, or ProcessLostError. */
  readonly loaded: Promise<EngineInfo>;
  readonly #process: WorkerProcess<EngineRequest, EngineReply>;
  readonly #runs: PendingRun[] = [];
  #loading: { resolve(info: EngineInfo): void; reject(error: Error): void } | undefined;
  #timer: NodeJS.Timeout | undefined;
  #busySinceMs = 0;
  #lastId = 0;
  #lost: string | undefined;

  constructor({ source, module, loadTimeoutMs, exitTimeoutMs }: EngineProcessOptions) {
    this.#process = new WorkerProcess({
      module,
      niceness: NICENESS.inference,
      exitTimeoutMs,
      onReply: (reply: EngineReply) => this.#receive(reply),
    });
    this.loaded = new Promise((resolve, reject) => {
      this.#loading = { resolve, reject };
    });
    this.loaded.catch(() => {}); // whoever waits for it hears of it
    this.#limitTime(loadTimeoutMs);
    void this.#process.exited.then((reason) => this.#fail(reason));
    this.#process.send({ type: 'load', source });
  }

  get pid(): number | undefined {
    return this.#process.pid;
  }

  /** Resolves with the reason when the process has ended. */
  get exited(): Promise<string> {
    return this.#process.exited;
  }

  /** Runs that were handed over and are not answered. */
  get pendingRuns(): number {
    return this.#runs.length;
  }

  /** Their tokens: what a run that is handed over now stands behind. */
  get pendingTokens(): number {
    return this.#runs.reduce((sum, { tokens }) => sum + tokens, 0);
  }

  /**
   * Runs are done in the order of these calls; one that has not begun when its signal is aborted never does. Throws Error when
   * the model failed or the run was canceled, ProcessLostError when the process was lost.
   */
  async run(run: EngineRun, timeoutMs: number, signal?: AbortSignal): Promise<RunAnswer> {
    if (this.#lost !== undefined) throw this.#lostError(false);
    const id = ++this.#lastId;
    const cancel = (): void => this.#process.send({ type: 'cancel', id });
    signal?.addEventListener('abort', cancel);
    try {
      return await new Promise((resolve, reject) => {
        this.#runs.push({ id, tokens: run.inputIds.length, timeoutMs, resolve, reject });
        if (this.#runs.length === 1) this.#watchFirst();
        this.#process.send({ type: 'run', id, run });
      });
    } finally {
      signal?.removeEventListener('abort', cancel);
    }
  }

  /** Lets the process end after the run in progress, and kills it when it does not. */
  async close(): Promise<void> {
    await this.#process.close();
  }

  #receive(reply: EngineReply): void {
    if (reply.type === 'loaded') {
      this.#limitTime(undefined);
      this.#loading?.resolve(reply.info);
    } else if (reply.type === 'load-failed') {
      this.#loading?.reject(new StartError('MODEL_UNUSABLE', reply.message));
    } else {
      this.#finishFirst(reply);
    }
  }

  #finishFirst(reply: Extract<EngineReply, { id: number }>): void {
    const [run] = this.#runs;
    if (run?.id !== reply.id) {
      this.#process.kill(); // a bug: nothing that it says can be trusted any more
      return;
    }
    this.#runs.shift();
    const busyMs = performance.now() - this.#busySinceMs;
    this.#watchFirst();
    if (reply.type === 'run-failed') run.reject(new Error(reply.message));
    else run.resolve({ logits: reply.logits, inferenceMs: reply.inferenceMs, busyMs });
  }

  #watchFirst(): void {
    this.#busySinceMs = performance.now();
    this.#limitTime(this.#runs[0]?.timeoutMs);
  }

  #limitTime(timeoutMs: number | undefined): void {
    clearTimeout(this.#timer);
    if (timeoutMs !== undefined) this.#timer = setTimeout(() => this.#process.kill(), timeoutMs);
  }

  #fail(reason: string): void {
    this.#lost = reason;
    this.#limitTime(undefined);
    this.#loading?.reject(this.#lostError(true));
    this.#runs.splice(0).forEach((run, index) => run.reject(this.#lostError(index === 0)));
  }

  #lostError(hadStarted: boolean): ProcessLostError {
    return new ProcessLostError(`inference process ${this.pid ?? ''} ${this.#lost}`, hadStarted);
  }
}
