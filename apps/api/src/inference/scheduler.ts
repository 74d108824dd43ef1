import { setImmediate as nextTurn } from 'node:timers/promises';
import type { EngineRun, ReviewPlanner } from '@marquee/model-core';
import { ApiError } from '../http/api-error.js';
import type { Admission, Backlog } from './admission.js';
import { ProcessLostError } from './engine-process.js';
import type { RunAnswer } from './engine-process.js';
import { FairQueue, MAX_SINGLES_BEFORE_BATCH } from './fair-queue.js';
import type { InferenceObserver, InferenceStats, PredictionRequest, Priority } from './inference-service.js';
import { LearnedCost } from './learned-cost.js';
import { PredictionJob, predictionFailed } from './prediction-job.js';
import type { JobAnswer, ReviewTask, RunTask } from './prediction-job.js';

/** A job that two processes died over is not given to a third. */
const MAX_LOST_PROCESSES = 2;
/** English has some four letters a token. What that estimate is worth for the model in hand is learned. */
const BYTES_PER_TOKEN = 4;
/** A run that takes so many times what it should, and at least `minHangMs`, hangs. */
const HANG_FACTOR = 10;
/** The first plans take thirty times what they take once their code is compiled. */
const WARMING_PLANS = 30;
const WARMING_REVIEW = 'The plot is thin, but the acting is superb. '.repeat(30);

/** Where runs are done. */
export interface RunSlots {
  /** Runs that can be handed over now. */
  readonly freeSlots: number;
  /** Processes that hold the model. */
  readonly processes: number;
  /**
   * A run that takes longer than `timeoutMs` loses its process; one that has not begun when `signal` is aborted never does.
   * Throws ProcessLostError, and Error when the model failed or the run was canceled.
   */
  run(run: EngineRun, timeoutMs: number, signal: AbortSignal): Promise<RunAnswer>;
}

export interface SchedulerOptions {
  readonly planner: ReviewPlanner;
  readonly slots: RunSlots;
  /** What runs take, learned from those that the processes were warmed with. */
  readonly runCost: LearnedCost;
  readonly admission: Admission;
  readonly observer: InferenceObserver;
  readonly minHangMs: number;
}

/**
 * The one owner of what waits: lets requests in, plans their reviews one at a time between other events, and hands runs to
 * whichever process is free.
 */
export class Scheduler {
  readonly #options: SchedulerOptions;
  readonly #jobs = new Set<PredictionJob>();
  readonly #unplanned = new FairQueue<ReviewTask>();
  readonly #runs = new FairQueue<RunTask>();
  readonly #inHand = new Set<RunTask>();
  readonly #planCost = new LearnedCost();
  /** Tokens that runs took of each token that was estimated: a cascade's linear model leaves less than one. */
  readonly #tokensByEstimate = new LearnedCost();
  #isPausing = false;
  #drain: { readonly deadlineMs: number; readonly late: () => ApiError } | undefined;

  constructor(options: SchedulerOptions) {
    this.#options = options;
    this.#tokensByEstimate.add(1, 1);
  }

  get stats(): Omit<InferenceStats, 'processes'> {
    const sizeOf = (priority: Priority): number => this.#unplanned.sizeOf(priority) + this.#runs.sizeOf(priority);
    return {
      queuedReviews: { single: sizeOf('single'), batch: sizeOf('batch') },
      queuedTokens: this.#queuedTokens('single') + this.#queuedTokens('batch'),
      estimatedWaitMs: this.#backlog('single').waitMs,
    };
  }

  /** Plans until the last plans show what one costs from now on. */
  async warmUp(): Promise<void> {
    for (let i = 1; i <= WARMING_PLANS; i++) {
      await nextTurn();
      const startMs = performance.now();
      this.#options.planner.plan(WARMING_REVIEW);
      if (2 * i > WARMING_PLANS) this.#planCost.add(this.#estimateTokens(WARMING_REVIEW), performance.now() - startMs);
    }
  }

  /** Throws ApiError QUEUE_FULL, SHUTTING_DOWN, DEADLINE_EXCEEDED and PREDICTION_FAILED, and the signal's reason when the client has gone. */
  async predict(request: PredictionRequest): Promise<JobAnswer> {
    request.signal.throwIfAborted();
    const tokens = request.texts.map((text) => this.#estimateTokens(text));
    this.#admit(request, tokens);
    const job = new PredictionJob(request);
    this.#jobs.add(job);
    if (this.#drain !== undefined) job.cutDeadline(this.#drain.deadlineMs, this.#drain.late);
    const { priority, texts } = request;
    texts.forEach((text, index) => this.#unplanned.push({ job, index, priority, text, tokens: tokens[index] ?? 0 }));
    this.#planNext();
    try {
      return await job.answer;
    } finally {
      this.#jobs.delete(job);
      this.#unplanned.removeIf((task) => task.job === job);
      this.#runs.removeIf((task) => task.job === job);
    }
  }

  /** Starts what waits on slots that have become free. */
  dispatch(): void {
    while (this.#options.slots.freeSlots > 0) {
      const task = this.#runs.shift();
      if (task === undefined) return;
      task.job.expireIfLate();
      if (!task.job.isSettled) void this.#work(task);
    }
  }

  /** What is in hand, and what still comes, has until then; what does not make it fails with what `late` gives. */
  cutDeadlines(deadlineMs: number, late: () => ApiError): void {
    this.#drain = { deadlineMs, late };
    for (const job of this.#jobs) job.cutDeadline(deadlineMs, late);
  }

  failAll(reason: ApiError): void {
    for (const job of this.#jobs) job.fail(reason);
  }

  /** Resolves when every job that was let in is answered. */
  async idle(): Promise<void> {
    while (this.#jobs.size > 0) await Promise.allSettled([...this.#jobs].map((job) => job.answer));
  }

  #admit({ priority, deadlineMs }: PredictionRequest, estimates: readonly number[]): void {
    const tokens = estimates.reduce((sum, tokens) => sum + tokens, 0);
    const { admission } = this.#options;
    const backlog = this.#backlog(priority);
    const isJudgedOncePlanned = this.#isJudgedOncePlanned(priority);
    const nowMs = performance.now();
    const waitMs = isJudgedOncePlanned ? backlog.planWaitMs : backlog.waitMs;
    // Whoever waits longer than the server lasts is to go elsewhere, not to come again.
    if (this.#drain && nowMs + waitMs > this.#drain.deadlineMs) throw this.#drain.late();
    const timeLeftMs = deadlineMs - nowMs;
    const arrival = { priority, reviews: estimates.length, tokens, workMs: this.#msOfEstimate(tokens), timeLeftMs };
    if (isJudgedOncePlanned) admission.admitToPlan(arrival, backlog);
    else admission.admit(arrival, backlog);
  }

  /**
   * The linear model of a cascade answers most reviews with no process at all: how long those are busy says nothing of a
   * review before it is planned, and a plan takes some 0.3 ms where a run takes 25.
   */
  #isJudgedOncePlanned(priority: Priority): boolean {
    return priority === 'single' && this.#options.planner.info.kind === 'cascade';
  }

  #estimateTokens(text: string): number {
    const maxLength = this.#options.planner.info.maxLength ?? Infinity;
    return Math.min(Math.ceil(Buffer.byteLength(text) / BYTES_PER_TOKEN) + 2, maxLength);
  }

  #queuedTokens(priority: Priority): number {
    return this.#unplanned.tokensOf(priority) + this.#runs.tokensOf(priority);
  }

  #backlog(priority: Priority): Backlog {
    const { runCost, slots } = this.#options;
    const inHandTokens = [...this.#inHand].reduce((sum, { tokens }) => sum + tokens, 0) / 2; // on average half is done
    const lanes: readonly Priority[] = priority === 'single' ? ['single'] : ['single', 'batch'];
    const waiting = (queue: FairQueue<ReviewTask> | FairQueue<RunTask>): number =>
      lanes.reduce((sum, lane) => sum + queue.tokensOf(lane), 0);
    const processMs = this.#msOfEstimate(waiting(this.#unplanned)) + runCost.costOf(waiting(this.#runs) + inHandTokens);
    const planWaitMs = this.#planCost.costOf(waiting(this.#unplanned));
    const waitMs = processMs / Math.max(1, slots.processes) + planWaitMs;
    // Between the singles that wait, batch items are taken.
    const isShared = priority === 'single' && this.#runs.sizeOf('batch') > 0;
    return {
      reviews: this.#unplanned.size + this.#runs.size + this.#inHand.size,
      tokens: this.#queuedTokens('single') + this.#queuedTokens('batch'),
      waitMs: isShared ? waitMs * (1 + 1 / MAX_SINGLES_BEFORE_BATCH) : waitMs,
      runMs: runCost.meanCost,
      planWaitMs,
    };
  }

  /** Time that one process needs for reviews of so many tokens by estimate. */
  #msOfEstimate(tokens: number): number {
    return this.#options.runCost.costOf(this.#tokensByEstimate.costOf(tokens));
  }

  /** One review between two turns of the event loop: other requests are heard in between. */
  #planNext(): void {
    if (this.#isPausing) return;
    const task = this.#unplanned.shift();
    if (task === undefined) return;
    task.job.expireIfLate();
    if (!task.job.isSettled) this.#plan(task);
    this.#isPausing = true;
    setImmediate(() => {
      this.#isPausing = false;
      this.#planNext();
    });
  }

  #plan({ job, index, priority, text, tokens: estimate }: ReviewTask): void {
    const startMs = performance.now();
    try {
      const plan = this.#options.planner.plan(text);
      const queuedAtMs = performance.now();
      job.timings.tokenizationMs += queuedAtMs - startMs;
      this.#planCost.add(estimate, queuedAtMs - startMs);
      const runTokens = plan.runs.reduce((sum, { inputIds }) => sum + inputIds.length, 0);
      if (plan.runs.length > 0 && this.#isJudgedOncePlanned(priority)) this.#admitRuns(job, runTokens, priority);
      this.#tokensByEstimate.add(estimate, runTokens);
      const review = { index, plan, logits: [], missingRuns: plan.runs.length };
      plan.runs.forEach((run, runIndex) =>
        this.#runs.push({ job, review, index: runIndex, priority, run, tokens: run.inputIds.length, queuedAtMs }),
      );
      if (plan.runs.length === 0) job.answerReview(index, plan.conclude([]));
    } catch (error) {
      job.fail(error instanceof ApiError ? error : predictionFailed(error));
    }
    this.dispatch();
  }

  #admitRuns({ timeLeftMs }: PredictionJob, tokens: number, priority: Priority): void {
    const workMs = this.#options.runCost.costOf(tokens);
    this.#options.admission.admitToRun({ priority, reviews: 1, tokens, workMs, timeLeftMs }, this.#backlog(priority));
  }

  async #work(task: RunTask): Promise<void> {
    const { job, run, tokens } = task;
    const { slots, observer, runCost, minHangMs } = this.#options;
    const waitMs = performance.now() - task.queuedAtMs;
    job.timings.queueMs += waitMs;
    observer.onRunStarted?.(waitMs, task.priority);
    this.#inHand.add(task);
    try {
      const answer = await slots.run(run, Math.max(minHangMs, HANG_FACTOR * runCost.costOf(tokens)), job.over);
      runCost.add(tokens, answer.busyMs);
      observer.onRunFinished?.(answer.inferenceMs, tokens);
      this.#finish(task, answer);
    } catch (error) {
      if (error instanceof ProcessLostError) this.#retry(task, error);
      else job.fail(predictionFailed(error));
    } finally {
      this.#inHand.delete(task);
      this.dispatch();
    }
  }

  #finish({ job, review, index }: RunTask, { logits, inferenceMs }: RunAnswer): void {
    job.timings.inferenceMs += inferenceMs;
    review.logits[index] = logits;
    review.missingRuns--;
    if (review.missingRuns === 0 && !job.isSettled) job.answerReview(review.index, review.plan.conclude(review.logits));
  }

  #retry(task: RunTask, error: ProcessLostError): void {
    const { job } = task;
    if (error.hadStarted) job.lostProcesses++;
    if (job.lostProcesses >= MAX_LOST_PROCESSES) job.fail(predictionFailed(error));
    else if (!job.isSettled) this.#runs.giveBack(task);
  }
}
