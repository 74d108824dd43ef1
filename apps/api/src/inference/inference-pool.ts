import type { Prediction } from '@marquee/model-core';
import type { LoadedModel } from './child-messages.js';

export interface PredictOptions {
  /** Aborted when nobody waits for the answer any more: work that has not started is dropped. */
  readonly signal?: AbortSignal;
}

/** Processes that hold the model: text in, prediction out. The server's event loop never waits for a model. */
export interface InferencePool {
  /** True exactly when `predict` would work. */
  readonly ready: boolean;
  /** Undefined until the model was loaded once. */
  readonly loaded: LoadedModel | undefined;
  readonly processIds: readonly number[];
  /** Resolves when the model is loaded. Throws StartError MODEL_UNUSABLE when it cannot be. */
  start(): Promise<void>;
  /**
   * Prediction of one review. Throws ApiError: MODEL_NOT_LOADED, QUEUE_FULL, SHUTTING_DOWN, or PREDICTION_FAILED when the
   * model failed on it or two processes died over it. Throws the signal's reason when it is aborted before it started.
   */
  predict(text: string, options?: PredictOptions): Promise<Prediction>;
  /** Fails what is queued, and resolves when no process is left. */
  close(): Promise<void>;
}
