import type { ClassifierInfo, Prediction } from '@marquee/model-core';

/** When an answer is due, and who still waits for it. */
export interface Due {
  /** On the clock of `performance.now()`: work that has not started by then never starts. */
  readonly deadlineMs: number;
  /** Aborted when the client has gone. */
  readonly signal: AbortSignal;
}

/** Singles go before the items of a batch, but a waiting item runs after at most 8 singles. */
export type Priority = 'single' | 'batch';

export interface PredictionRequest extends Due {
  readonly texts: readonly string[];
  readonly priority: Priority;
}

export interface ServedPrediction extends Prediction {
  /** Version of the model that answered; the same for all reviews of a request. */
  readonly modelVersion: string;
}

/** Where the time of a request went, in ms: sums over its reviews. */
export interface ServedTimings {
  readonly tokenizationMs: number;
  readonly queueMs: number;
  readonly inferenceMs: number;
}

export interface ServedPredictions {
  /** In the order of the texts. */
  readonly predictions: readonly ServedPrediction[];
  readonly timings: ServedTimings;
}

/** What serves now. */
export interface ServingModel {
  readonly version: string;
  /** The folder as it is shown to clients. */
  readonly path: string;
  /** `cpu`, or `cuda:` and the index of the device. */
  readonly device: string;
  readonly info: ClassifierInfo;
}

/** Why a prediction would not work now; `undefined` when it would. */
export type Unreadiness = 'loading' | 'crash-loop' | 'draining' | 'no-process';

/** What waits now. */
export interface InferenceStats {
  readonly queuedReviews: Readonly<Record<Priority, number>>;
  /** Estimated where a review is not tokenized yet. */
  readonly queuedTokens: number;
  /** How long a single review would wait that came now. */
  readonly estimatedWaitMs: number;
  /** Processes that hold the model and take work. */
  readonly processes: number;
}

/** Called as things happen, for metrics; none of them may throw. */
export interface InferenceObserver {
  /** A run left the queue for a process. */
  onRunStarted?(waitMs: number, priority: Priority): void;
  onRunFinished?(inferenceMs: number, tokens: number): void;
  /** An inference process was lost, and another takes its place. */
  onProcessLost?(): void;
  onReload?(outcome: 'succeeded' | 'failed'): void;
}

/**
 * Text in, sentiment out, behind a bounded queue, in processes of its own. Throws ApiError: MODEL_NOT_LOADED, QUEUE_FULL,
 * SHUTTING_DOWN (503, with Retry-After), DEADLINE_EXCEEDED (504), PREDICTION_FAILED (500).
 */
export interface InferenceService {
  /** Undefined until a model was loaded once. */
  readonly model: ServingModel | undefined;
  /** Undefined exactly when a model is loaded, its golden inputs were right, and work is taken. */
  readonly unreadiness: Unreadiness | undefined;
  readonly stats: InferenceStats;
  predict(request: PredictionRequest): Promise<ServedPredictions>;
  /**
   * Reads the model's folder anew, and resolves when what it holds serves. Where a reload is running already, this one starts
   * after it. Throws ApiError MODEL_REFUSED when the folder cannot be served; then the old model goes on.
   */
  reload(): Promise<ServingModel>;
}
