import { ApiError } from '../http/api-error.js';
import type { Priority } from './inference-service.js';

export interface AdmissionLimits {
  /** Reviews that may be unanswered at a time. Default 1024. */
  readonly maxReviews: number;
  /** Tokens that may wait at a time. Default 262,144: sixteen full batches of the longest reviews. */
  readonly maxTokens: number;
  /** Longest wait that a burst may cause, by priority. Default: see `waitLimits`. */
  readonly burstWaitMs?: Readonly<Record<Priority, number>>;
  /** Longest wait while the queue has not been empty since a burst was too long. */
  readonly sustainedWaitMs?: Readonly<Record<Priority, number>>;
}

export const DEFAULT_ADMISSION_LIMITS: AdmissionLimits = { maxReviews: 1024, maxTokens: 262_144 };

/** What waits, and what a newcomer would wait for. */
export interface Backlog {
  readonly reviews: number;
  readonly tokens: number;
  /** Estimated time until work that comes now would start. */
  readonly waitMs: number;
  /** Mean time of a run. */
  readonly runMs: number;
  /** Estimated time until work that comes now would be planned. */
  readonly planWaitMs: number;
}

/** What asks to be let in. */
export interface Arrival {
  readonly priority: Priority;
  readonly reviews: number;
  readonly tokens: number;
  /** Estimated time that all processes together need for it. */
  readonly workMs: number;
  /** Time until its deadline. */
  readonly timeLeftMs: number;
}

const MAX_RETRY_AFTER_S = 30;

/** What is waited for: a process, by priority, or to be planned. */
type Line = Priority | 'plan';

interface WaitLimits {
  readonly burstMs: number;
  readonly sustainedMs: number;
  /** A wait that is no longer than that means that the queue has drained, */
  readonly drainedMs: number;
  /** if nobody was refused for so long. */
  readonly calmMs: number;
}

/**
 * Who is refused once planned has waited for so long at most. Plans are short, so that their queue is empty now and then under
 * any load: that alone does not end a congestion.
 */
const PLAN_WAIT_LIMITS: WaitLimits = { burstMs: 100, sustainedMs: 20, drainedMs: 0, calmMs: 1_000 };

/**
 * Decides who may wait. A queue that is never empty helps nobody: it adds its length to every answer and not one answer more
 * a second. So the estimated wait is bounded, by two limits: a burst may fill the queue up to the first; once it did, the
 * queue is held at the second, which keeps the processes busy and no more, until it has drained. (Controlled delay, as in
 * RFC 8289, decided on entry: who is refused learns it at once, and not after having waited.)
 */
export class Admission {
  readonly #limits: AdmissionLimits;
  /** When a line last refused, since it has not drained. */
  readonly #refusedOfLineAtMs: Partial<Record<Line, number | undefined>> = {};
  /** Work that was refused, less what could have been done since: later ones are sent away for longer. */
  #refusedMs = 0;
  #refusedAtMs = 0;

  constructor(limits: Partial<AdmissionLimits> = {}) {
    this.#limits = { ...DEFAULT_ADMISSION_LIMITS, ...limits };
  }

  /** For work that is known to need a process. */
  admit(arrival: Arrival, backlog: Backlog): void {
    this.admitToQueue(arrival, backlog);
    this.admitToRun(arrival, backlog);
  }

  /** Whether so much more may be held at all. Throws ApiError QUEUE_FULL, with the time after which there would be room. */
  admitToQueue(arrival: Arrival, backlog: Backlog): void {
    const { maxReviews, maxTokens } = this.#limits;
    const fits = backlog.reviews + arrival.reviews <= maxReviews && backlog.tokens + arrival.tokens <= maxTokens;
    if (backlog.reviews > 0 && !fits) throw this.#refuse(arrival, backlog.waitMs);
  }

  /** Whether work that is judged once it is planned would come to that soon. Throws as `admitToQueue`. */
  admitToPlan(arrival: Arrival, backlog: Backlog): void {
    this.admitToQueue(arrival, backlog);
    const { planWaitMs } = backlog;
    if (!this.#isSoon('plan', planWaitMs, PLAN_WAIT_LIMITS)) throw this.#refuse(arrival, planWaitMs);
  }

  /** Whether a process would come to it soon enough. Throws as `admitToQueue`. */
  admitToRun(arrival: Arrival, { reviews, waitMs, runMs }: Backlog): void {
    const isSoon = this.#isSoon(arrival.priority, waitMs, this.#waitLimits(arrival.priority, runMs));
    if (reviews > 0 && !(isSoon && waitMs <= arrival.timeLeftMs)) throw this.#refuse(arrival, waitMs);
  }

  #isSoon(line: Line, waitMs: number, { burstMs, sustainedMs, drainedMs, calmMs }: WaitLimits): boolean {
    const nowMs = performance.now();
    const refusedAtMs = this.#refusedOfLineAtMs[line];
    const isCongested = refusedAtMs !== undefined && (waitMs > drainedMs || nowMs - refusedAtMs < calmMs);
    const isSoon = waitMs <= (isCongested ? sustainedMs : burstMs);
    if (!isSoon) this.#refusedOfLineAtMs[line] = nowMs;
    else if (!isCongested) this.#refusedOfLineAtMs[line] = undefined;
    return isSoon;
  }

  /**
   * A single review may wait for 20 runs in a burst, and for 3 when there are always more. A batch is bulk work and may take
   * seconds.
   */
  #waitLimits(priority: Priority, runMs: number): WaitLimits {
    const burstMs = priority === 'batch' ? 10_000 : clamp(20 * runMs, 250, 2_000);
    const sustainedMs = priority === 'batch' ? 5_000 : clamp(3 * runMs, 50, 1_000);
    return {
      burstMs: this.#limits.burstWaitMs?.[priority] ?? burstMs,
      sustainedMs: this.#limits.sustainedWaitMs?.[priority] ?? sustainedMs,
      drainedMs: runMs,
      calmMs: 0,
    };
  }

  #refuse({ workMs }: Arrival, waitMs: number): ApiError {
    const nowMs = performance.now();
    this.#refusedMs = Math.max(0, this.#refusedMs - (nowMs - this.#refusedAtMs));
    this.#refusedAtMs = nowMs;
    const headers = retryAfter(waitMs + this.#refusedMs);
    this.#refusedMs = Math.min(this.#refusedMs + workMs, 1000 * MAX_RETRY_AFTER_S);
    return new ApiError('QUEUE_FULL', 'Too many reviews are waiting: try again later', { headers });
  }
}

/** Whole seconds, as the header has them; at least one, and at most half a minute. */
export function retryAfter(ms: number): { readonly 'Retry-After': string } {
  return { 'Retry-After': String(clamp(Math.ceil(ms / 1000), 1, MAX_RETRY_AFTER_S)) };
}

function clamp(value: number, min: number, max: number): number {
  return Math.min(Math.max(value, min), max);
}
