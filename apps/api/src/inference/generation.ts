import { realpath } from 'node:fs/promises';
import {
  checkGoldenInputs,
  joinInfo,
  loadPlanner,
  missingCudaLibraries,
  readManifest,
  verifyArtifact,
} from '@marquee/model-core';
import type { ClassifierOptions, Manifest, ReviewPlanner } from '@marquee/model-core';
import { ApiError } from '../http/api-error.js';
import { availableCores } from '../lifecycle/available-cores.js';
import { StartError } from '../lifecycle/start-error.js';
import type { Log } from '../log.js';
import { type Admission, retryAfter } from './admission.js';
import { EnginePool } from './engine-pool.js';
import type { PoolTiming } from './engine-pool.js';
import type { EngineProcess } from './engine-process.js';
import type {
  InferenceObserver,
  InferenceStats,
  PredictionRequest,
  ServedPredictions,
  ServingModel,
} from './inference-service.js';
import { LearnedCost } from './learned-cost.js';
import { Scheduler } from './scheduler.js';

export interface GenerationOptions {
  readonly modelDir: string;
  /** The folder as it is shown to clients. */
  readonly modelPath: string;
  readonly engine: ClassifierOptions;
  /** Default: one on CUDA, and on the CPU as many as there are cores for their threads. */
  readonly processes?: number;
  readonly engineModule: URL;
  readonly timing: PoolTiming;
  /** Least time after which a run is taken for a hang. */
  readonly minHangMs: number;
  readonly admission: Admission;
  readonly observer: InferenceObserver;
  readonly log: Log;
  readonly onHopeless: () => void;
}

/** One version of the model, from the folder to the processes that hold it. What it lets in, it answers. */
export class Generation {
  /** Resolves when every file of the artifact is the one that the manifest describes. Throws StartError MODEL_UNUSABLE. */
  readonly verified: Promise<void>;
  /** Resolves when all processes have answered the golden inputs rightly. Throws StartError MODEL_UNUSABLE. */
  readonly ready: Promise<void>;
  readonly #options: GenerationOptions;
  readonly #runCost = new LearnedCost();
  #pool: EnginePool | undefined;
  #scheduler: Scheduler | undefined;
  #model: ServingModel | undefined;
  #loadMs = 0;
  #isClosed = false;

  /**
   * Verifies, plans and loads at the same time: each reader compares the digests of what it reads. Where the folder is a symbolic
   * link, it is followed once, so that a process can be replaced though the link has been swapped meanwhile.
   */
  constructor(options: GenerationOptions) {
    this.#options = options;
    const { modelDir } = options;
    const dir = realpath(modelDir).catch(() => modelDir); // to be told by what reads it that it is not there
    this.verified = dir.then(verify);
    this.ready = dir.then((realDir) => this.#load(realDir));
    for (const promise of [this.verified, this.ready]) promise.catch(() => {}); // for whoever waits for them
  }

  /** Undefined until it is ready. */
  get model(): ServingModel | undefined {
    return this.#model;
  }

  /** Why a prediction would not work now that the model is loaded, or hardly; undefined when it would. */
  get obstacle(): 'crash-loop' | 'no-process' | undefined {
    if (this.#pool?.isCrashLooping === true) return 'crash-loop';
    return (this.#pool?.processes ?? 0) > 0 ? undefined : 'no-process';
  }

  get processIds(): readonly number[] {
    return this.#pool?.processIds ?? [];
  }

  get stats(): InferenceStats | undefined {
    return this.#scheduler && { ...this.#scheduler.stats, processes: this.#pool?.processes ?? 0 };
  }

  /** How long a process took to become ready: what a client has to wait when there is none. */
  get loadMs(): number {
    return this.#loadMs;
  }

  async predict(request: PredictionRequest): Promise<ServedPredictions> {
    if (this.#scheduler === undefined || this.#model === undefined) throw new Error('bug: asked before it was ready');
    // In a crash loop, too: only an answer ends it.
    if (this.#pool === undefined || this.#pool.processes === 0) throw notLoaded(this.#loadMs);
    const { version, info } = this.#model;
    const { predictions, timings } = await this.#scheduler.predict(request);
    if (info.kind === 'linear') this.#pool.onAnswer();
    return { predictions: predictions.map((prediction) => ({ ...prediction, modelVersion: version })), timings };
  }

  /** What is in hand, and what still comes, has until then; what does not make it fails with what `late` gives. */
  cutDeadlines(deadlineMs: number, late: () => ApiError): void {
    this.#scheduler?.cutDeadlines(deadlineMs, late);
  }

  /** Answers what it let in, then ends its processes. */
  async retire(): Promise<void> {
    await this.#scheduler?.idle();
    await this.close(notLoaded(0));
  }

  /** Fails what is in hand with the reason, and resolves when no process is left. */
  async close(reason: ApiError): Promise<void> {
    this.#isClosed = true;
    this.#scheduler?.failAll(reason);
    await this.#pool?.close();
  }

  async #load(dir: string): Promise<void> {
    const startMs = performance.now();
    const { modelPath, admission, observer, minHangMs } = this.#options;
    try {
      const { version, kind } = await readManifest(dir);
      if (this.#isClosed) throw new StartError('MODEL_UNUSABLE', `${dir} was given up before it was loaded`);
      const planner = loadPlanner(dir);
      planner.catch(() => {}); // a process that never loads does not wait for it
      const pool = this.#createPool({ dir, version }, async (process) => this.#warmUp(process, await planner));
      await Promise.all([this.verified, planner, this.#startProcesses(pool, kind)]);
      const scheduler = new Scheduler({
        planner: await planner,
        slots: pool,
        runCost: this.#runCost,
        admission,
        observer,
        minHangMs,
      });
      await scheduler.warmUp();
      this.#scheduler = scheduler;
      const info = joinInfo((await planner).info, pool.info!); // all its processes are ready
      if (info.version !== version) throw new StartError('MODEL_UNUSABLE', `${dir} was changed while it was read`);
      const device = info.device === 'cuda' ? `cuda:${this.#options.engine.deviceId ?? 0}` : 'cpu';
      this.#model = { version, path: modelPath, device, info };
      this.#loadMs = performance.now() - startMs;
    } catch (error) {
      await this.#pool?.close();
      throw toStartError(error);
    }
  }

  /** A GPU is shared by all that run on it: whether one is used, where it could be, is known when the first process has loaded. */
  async #startProcesses(pool: EnginePool, kind: Manifest['kind']): Promise<void> {
    const { processes, engine } = this.#options;
    if (kind === 'linear') return pool.start(1); // it answers in the server: a process shows that the folder can be served
    if (processes !== undefined) return pool.start(processes);
    const wanted = Math.max(1, Math.floor(availableCores() / (engine.intraOpThreads ?? 1)));
    if (engine.device === 'cpu' || engine.graph === 'int8' || missingCudaLibraries() !== undefined) {
      return pool.start(wanted);
    }
    await pool.start(1);
    if (pool.info?.device === 'cpu') await pool.start(wanted - 1);
  }

  #createPool(
    { dir, version }: { readonly dir: string; readonly version: string },
    warmUp: (process: EngineProcess) => Promise<void>,
  ): EnginePool {
    const { engine, timing, engineModule, log, observer, onHopeless } = this.#options;
    this.#pool = new EnginePool({
      source: { dir, version, options: engine },
      timing,
      engineModule,
      log,
      warmUp,
      onHopeless,
      onFree: () => this.#scheduler?.dispatch(),
      onLost: () => observer.onProcessLost?.(),
      onNoneLeft: () => this.#scheduler?.failAll(notLoaded(this.#loadMs)),
    });
    return this.#pool;
  }

  /** The golden inputs, then the longest run of each transformer twice: the second one shows what a run costs from now on. */
  async #warmUp(process: EngineProcess, planner: ReviewPlanner): Promise<void> {
    const { loadTimeoutMs } = this.#options.timing;
    const info = await process.loaded;
    await checkGoldenInputs(planner, {
      info,
      run: async (run) => (await process.run(run, loadTimeoutMs)).logits,
    });
    for (const member of Object.keys(info.members)) {
      const { maxLength = 1 } = planner.info.members?.[member] ?? planner.info;
      const run = { member, inputIds: new Int32Array(maxLength) };
      await process.run(run, loadTimeoutMs);
      const { busyMs } = await process.run(run, loadTimeoutMs);
      this.#runCost.add(maxLength, busyMs);
    }
  }
}

export function notLoaded(loadMs: number): ApiError {
  return new ApiError('MODEL_NOT_LOADED', 'Model not loaded', { headers: retryAfter(loadMs) });
}

async function verify(dir: string): Promise<void> {
  try {
    await verifyArtifact(dir);
  } catch (error) {
    throw toStartError(error);
  }
}

function toStartError(error: unknown): StartError {
  if (error instanceof StartError) return error;
  return new StartError('MODEL_UNUSABLE', error instanceof Error ? error.message : String(error), { cause: error });
}
