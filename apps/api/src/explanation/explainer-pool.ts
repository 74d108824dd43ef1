import type { ServingModel } from '../inference/inference-service.js';
import { ApiError } from '../http/api-error.js';
import { NICENESS } from '../lifecycle/worker-process.js';
import type { ExplainedModel } from './explainer-messages.js';
import { ExplainerProcess } from './explainer-process.js';
import type {
  ExplanationObserver,
  ExplanationRequest,
  ExplanationService,
  ServedExplanation,
} from './explanation-service.js';

export interface ExplainerPoolOptions {
  /** What serves now: the next explanation is of it. */
  readonly model: () => ServingModel | undefined;
  /** Threads of one run. Default 1. */
  readonly threads?: number;
  /** Texts that may wait beside the one in hand; more are answered 503. Default 8. */
  readonly maxQueued?: number;
  /** Time without work after which the process ends and gives its memory back. Default 60 s. */
  readonly idleMs?: number;
  /** Of the process, 0 to 19. Default 19, below everything else. */
  readonly niceness?: number;
  readonly observer?: ExplanationObserver;
  /** Compiled entry of the process. Default: the one beside this file. */
  readonly module?: URL;
}

const DEFAULTS = { threads: 1, maxQueued: 8, idleMs: 60_000, niceness: NICENESS.explanation, observer: {} };

/** What the first explanation is expected to take, until one was measured. */
const FIRST_ESTIMATE_MS = 5_000;

interface Job {
  readonly request: ExplanationRequest;
  readonly resolve: (explanation: ServedExplanation) => void;
  readonly reject: (error: unknown) => void;
}

/** One explainer process at most: started when first asked, ended when idle or when another model serves. */
export class ExplainerPool implements ExplanationService {
  readonly #options: Required<ExplainerPoolOptions>;
  readonly #queue: Job[] = [];
  #process: ExplainerProcess | undefined;
  #isBusy = false;
  #isClosing = false;
  readonly #stopping = new AbortController();
  #idleTimer: NodeJS.Timeout | undefined;
  #meanMs = FIRST_ESTIMATE_MS;

  constructor(options: ExplainerPoolOptions) {
    const module = new URL('./explainer-main.js', import.meta.url);
    this.#options = { ...DEFAULTS, module, ...options };
  }

  get processId(): number | undefined {
    return this.#process?.hasEnded === false ? this.#process.pid : undefined;
  }

  explain(request: ExplanationRequest): Promise<ServedExplanation> {
    if (this.#isClosing) return Promise.reject(shuttingDown());
    if (this.#queue.length >= this.#options.maxQueued) return Promise.reject(this.#queueFull());
    return new Promise((resolve, reject) => {
      const job: Job = { request, resolve, reject };
      this.#queue.push(job);
      request.signal.addEventListener('abort', () => this.#leave(job), { once: true });
      if (!this.#isBusy) void this.#work();
    });
  }

  /** Takes no more texts, and gives up the one in hand at a time on the clock of `performance.now()`. */
  drain(deadlineMs: number): void {
    this.#isClosing = true;
    for (const job of this.#queue.splice(0)) job.reject(shuttingDown());
    setTimeout(() => this.#stopping.abort(shuttingDown()), deadlineMs - performance.now()).unref();
  }

  async close(): Promise<void> {
    this.drain(0);
    await this.#retire();
  }

  /** Of a text that is in hand, its process is told. */
  #leave(job: Job): void {
    const place = this.#queue.indexOf(job);
    if (place < 0) return;
    this.#queue.splice(place, 1);
    job.reject(job.request.signal.reason);
  }

  async #work(): Promise<void> {
    this.#isBusy = true;
    clearTimeout(this.#idleTimer);
    for (let job = this.#queue.shift(); job; job = this.#queue.shift()) {
      await this.#explain(job.request).then(job.resolve, job.reject);
    }
    this.#isBusy = false;
    this.#idleTimer = setTimeout(() => void this.#retire(), this.#options.idleMs);
    this.#idleTimer.unref();
  }

  async #explain(request: ExplanationRequest): Promise<ServedExplanation> {
    request.signal.throwIfAborted();
    const startMs = performance.now();
    if (startMs >= request.deadlineMs)
      throw new ApiError('DEADLINE_EXCEEDED', 'The time was over before the explanation began');
    const process = await this.#processFor(this.#servingModel());
    const signal = AbortSignal.any([request.signal, this.#stopping.signal]);
    try {
      const explanation = await process.explain({ ...request, signal });
      this.#meanMs += (performance.now() - startMs - this.#meanMs) / 4;
      return { ...explanation, modelVersion: process.model.version };
    } finally {
      this.#options.observer.onExplained?.(performance.now() - startMs, request.method);
    }
  }

  #servingModel(): ExplainedModel {
    const model = this.#options.model();
    if (!model) throw new ApiError('MODEL_NOT_LOADED', 'Model not loaded');
    const { version, info } = model;
    return { dir: info.dir, version, graph: info.graph ?? 'auto', session: { intraOpThreads: this.#options.threads } };
  }

  /** The process that has this model; one with another model ends first, since two would need the memory of both. */
  async #processFor(model: ExplainedModel): Promise<ExplainerProcess> {
    const current = this.#process;
    if (current && !current.hasEnded && current.model.version === model.version && current.model.dir === model.dir)
      return current;
    await this.#retire();
    if (this.#isClosing) throw shuttingDown();
    return (this.#process = new ExplainerProcess(model, this.#options));
  }

  async #retire(): Promise<void> {
    clearTimeout(this.#idleTimer);
    const process = this.#process;
    this.#process = undefined;
    await process?.close();
  }

  #queueFull(): ApiError {
    const seconds = Math.ceil(((this.#queue.length + 1) * this.#meanMs) / 1000);
    return new ApiError('QUEUE_FULL', 'Too many explanations are waiting: try again later', {
      headers: { 'Retry-After': String(seconds) },
    });
  }
}

const shuttingDown = (): ApiError => new ApiError('SHUTTING_DOWN', 'Server is shutting down');
