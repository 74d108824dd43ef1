import type { ClassifierOptions } from '@marquee/model-core';
import { ApiError } from '../http/api-error.js';
import { StartError } from '../lifecycle/start-error.js';
import type { Log } from '../log.js';
import { Admission, retryAfter } from './admission.js';
import type { AdmissionLimits } from './admission.js';
import { DEFAULT_POOL_TIMING } from './engine-pool.js';
import type { PoolTiming } from './engine-pool.js';
import { Generation, notLoaded } from './generation.js';
import type { GenerationOptions } from './generation.js';
import type {
  InferenceObserver,
  InferenceService,
  InferenceStats,
  PredictionRequest,
  ServedPredictions,
  ServingModel,
  Unreadiness,
} from './inference-service.js';

export interface ModelServiceOptions {
  /** Read anew by each reload. */
  readonly modelDir: string;
  /** The folder as it is shown to clients. */
  readonly modelPath: string;
  readonly log: Log;
  /** How a process loads the model. Its threads are one by default: processes share the cores among them. */
  readonly engine?: ClassifierOptions;
  /** Processes that hold the model. Default: one on CUDA, and on the CPU as many as there are cores for their threads. */
  readonly processes?: number;
  readonly limits?: Partial<AdmissionLimits>;
  readonly timing?: Partial<PoolTiming>;
  /** A run that takes longer than ten times what it should, and longer than this, is taken for a hang. Default 5 s. */
  readonly minHangMs?: number;
  readonly observer?: InferenceObserver;
  /** Compiled entry of an inference process. Default: the one beside this file. */
  readonly engineModule?: URL;
}

const IDLE: InferenceStats = {
  queuedReviews: { single: 0, batch: 0 },
  queuedTokens: 0,
  estimatedWaitMs: 0,
  processes: 0,
};

/** Serves the model in a folder from processes of its own, and the next one in that folder when told to. */
export class ModelService implements InferenceService {
  readonly #options: GenerationOptions;
  /** Called when the processes have been dying for minutes: only another server can help. */
  onHopeless: () => void = () => {};
  /** What answers. */
  #current: Generation | undefined;
  /** All that have processes: what answers, what is being loaded, and what still answers the requests that it let in. */
  readonly #generations = new Set<Generation>();
  #retirement: Promise<void> = Promise.resolve();
  #lastReload: Promise<unknown> = Promise.resolve();
  #nextReload: Promise<ServingModel> | undefined;
  #drainDeadlineMs: number | undefined;

  constructor(options: ModelServiceOptions) {
    const { engine, limits, timing, ...rest } = options;
    this.#options = {
      minHangMs: 5_000,
      observer: {},
      onHopeless: () => this.onHopeless(),
      engineModule: new URL('./engine-main.js', import.meta.url),
      ...rest,
      engine: { intraOpThreads: 1, ...engine },
      timing: { ...DEFAULT_POOL_TIMING, ...timing },
      admission: new Admission(limits),
    };
  }

  get model(): ServingModel | undefined {
    return this.#current?.model;
  }

  get unreadiness(): Unreadiness | undefined {
    if (this.#drainDeadlineMs !== undefined) return 'draining';
    return this.#current === undefined ? 'loading' : this.#current.obstacle;
  }

  get stats(): InferenceStats {
    return this.#current?.stats ?? IDLE;
  }

  get processIds(): readonly number[] {
    return [...this.#generations].flatMap(({ processIds }) => processIds);
  }

  /** Begins to serve: `verified` when every digest was compared, `ready` when predictions work. Both throw StartError. */
  start(): { readonly verified: Promise<void>; readonly ready: Promise<void> } {
    const generation = this.#open();
    const ready = this.#serve(generation);
    this.#lastReload = ready.catch(() => {}); // a reload begins after it
    return { verified: generation.verified, ready };
  }

  async predict(request: PredictionRequest): Promise<ServedPredictions> {
    if (this.#drainDeadlineMs !== undefined && this.#drainDeadlineMs <= performance.now()) throw this.#shuttingDown();
    if (this.#current === undefined) throw notLoaded(0);
    return this.#current.predict(request);
  }

  async reload(): Promise<ServingModel> {
    this.#nextReload ??= this.#lastReload.then(() => {
      this.#nextReload = undefined;
      return this.#swap();
    });
    this.#lastReload = this.#nextReload.catch(() => {});
    return this.#nextReload;
  }

  /** Fails readiness at once. What is in hand, and what still comes, has until the deadline; then it is answered 503. */
  drain(deadlineMs: number): void {
    this.#drainDeadlineMs = deadlineMs;
    for (const generation of this.#generations) {
      if (generation.model === undefined) void generation.close(this.#shuttingDown());
      else generation.cutDeadlines(deadlineMs, () => this.#shuttingDown());
    }
  }

  /** Fails what is left, and resolves when no process is. */
  async close(): Promise<void> {
    this.#drainDeadlineMs = -Infinity;
    await Promise.all([...this.#generations].map((generation) => generation.close(this.#shuttingDown())));
  }

  #open(): Generation {
    const generation = new Generation(this.#options);
    this.#generations.add(generation);
    return generation;
  }

  /** The old model goes on until the new one is ready, and then until it has answered what it let in. */
  async #swap(): Promise<ServingModel> {
    const { log, observer } = this.#options;
    await this.#retirement; // never more than two models in memory
    if (this.#drainDeadlineMs !== undefined) throw this.#shuttingDown();
    const old = this.#current;
    const candidate = this.#open();
    try {
      await this.#serve(candidate);
    } catch (error) {
      if (this.unreadiness === 'draining') throw this.#shuttingDown(); // which closed it
      observer.onReload?.('failed');
      log.error({ err: error }, 'the model in the folder was refused, the one before goes on');
      const reason = error instanceof StartError ? error.message : 'see the log of the server';
      throw new ApiError('MODEL_REFUSED', `The model was refused, the one before goes on: ${reason}`, { cause: error });
    }
    const model = candidate.model!; // it serves
    observer.onReload?.('succeeded');
    log.info({ model_version: model.version, old_version: old?.model?.version }, 'a model was loaded');
    if (old !== undefined) this.#retirement = old.retire().finally(() => this.#generations.delete(old));
    return model;
  }

  async #serve(generation: Generation): Promise<void> {
    try {
      await generation.ready;
    } catch (error) {
      this.#generations.delete(generation);
      throw error;
    }
    this.#current = generation;
    if (this.#drainDeadlineMs !== undefined) this.drain(this.#drainDeadlineMs);
  }

  #shuttingDown(): ApiError {
    // Another server may be there already; one that starts now needs as long as this one did.
    return new ApiError('SHUTTING_DOWN', 'Server is shutting down', {
      headers: retryAfter(this.#current?.loadMs ?? 0),
    });
  }
}
