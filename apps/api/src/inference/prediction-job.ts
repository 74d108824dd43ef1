import type { EngineRun, Prediction, ReviewPlan } from '@marquee/model-core';
import { ApiError } from '../http/api-error.js';
import { deadlineExceeded } from '../http/deadline.js';
import type { PredictionRequest, Priority } from './inference-service.js';

/** One review of a job: planned in the server, its runs done by processes. */
export interface ReviewTask {
  readonly job: PredictionJob;
  readonly index: number;
  readonly priority: Priority;
  readonly text: string;
  /** Estimated from its bytes. */
  readonly tokens: number;
}

/** One run of a planned review. */
export interface RunTask {
  readonly job: PredictionJob;
  readonly review: PlannedReview;
  readonly index: number;
  readonly priority: Priority;
  readonly run: EngineRun;
  readonly tokens: number;
  readonly queuedAtMs: number;
}

export interface PlannedReview {
  readonly index: number;
  readonly plan: ReviewPlan;
  readonly logits: Float32Array[];
  missingRuns: number;
}

/** A reason of our own: the default one is a DOMException, whose stack costs more than all else here. */
const SETTLED = new Error('the job is settled');

export interface JobAnswer {
  readonly predictions: readonly Prediction[];
  readonly timings: { tokenizationMs: number; queueMs: number; inferenceMs: number };
}

/**
 * One call of `predict`: all its reviews are answered, or it fails once. It fails by itself when its deadline passes or its
 * client has gone; whoever holds a part of it asks `isSettled` before going on.
 */
export class PredictionJob {
  readonly answer: Promise<JobAnswer>;
  readonly timings = { tokenizationMs: 0, queueMs: 0, inferenceMs: 0 };
  /** Processes that died over it. */
  lostProcesses = 0;
  #over: AbortController | undefined;
  readonly #signal: AbortSignal;
  readonly #predictions: Prediction[] = [];
  readonly #onAbort = (): void => this.fail(this.#signal.reason);
  #missing: number;
  #deadlineMs: number;
  #timer: NodeJS.Timeout | undefined;
  #late = (): ApiError => deadlineExceeded();
  #settle: { resolve(answer: JobAnswer): void; reject(reason: unknown): void } | undefined;

  constructor({ texts, deadlineMs, signal }: PredictionRequest) {
    this.#missing = texts.length;
    this.#deadlineMs = deadlineMs;
    this.#signal = signal;
    this.answer = new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
    });
    signal.addEventListener('abort', this.#onAbort);
    this.#watchDeadline();
  }

  get isSettled(): boolean {
    return this.#settle === undefined;
  }

  get timeLeftMs(): number {
    return this.#deadlineMs - performance.now();
  }

  /** Aborted when the job is settled; made for a job that needs a process alone. */
  get over(): AbortSignal {
    this.#over ??= new AbortController();
    if (this.isSettled) this.#over.abort(SETTLED);
    return this.#over.signal;
  }

  /** Fails the job when its time is over: a timer may be late, work must not. */
  expireIfLate(): void {
    if (performance.now() >= this.#deadlineMs) this.fail(this.#late());
  }

  /** Moves the deadline forward, never back; a job that does not make it fails with what `late` gives. */
  cutDeadline(deadlineMs: number, late: () => ApiError): void {
    if (deadlineMs >= this.#deadlineMs || this.isSettled) return;
    this.#deadlineMs = deadlineMs;
    this.#late = late;
    this.#watchDeadline();
  }

  answerReview(index: number, prediction: Prediction): void {
    this.#predictions[index] = prediction;
    this.#missing--;
    if (this.#missing > 0) return;
    this.#settle?.resolve({ predictions: this.#predictions, timings: this.timings });
    this.#release();
  }

  fail(reason: unknown): void {
    this.#settle?.reject(reason);
    this.#release();
  }

  #watchDeadline(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.fail(this.#late()), Math.max(0, this.#deadlineMs - performance.now()));
  }

  #release(): void {
    this.#settle = undefined;
    this.#over?.abort(SETTLED);
    clearTimeout(this.#timer);
    this.#signal.removeEventListener('abort', this.#onAbort);
  }
}

export function predictionFailed(cause: unknown): ApiError {
  return new ApiError('PREDICTION_FAILED', 'Prediction failed: the model could not process this review', { cause });
}
