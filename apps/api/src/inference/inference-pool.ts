export interface ClassifyOptions {
  /** Aborted when nobody waits for the answer any more: work that has not started is dropped. */
  readonly signal?: AbortSignal;
}

/** Processes that hold the model: token ids in, logits out. The server's event loop never waits for a model. */
export interface InferencePool {
  /** True exactly when `classify` would work. */
  readonly ready: boolean;
  /** `cpu`, or `cuda:` and the index of the device; undefined until the model was loaded once. */
  readonly device: string | undefined;
  readonly processIds: readonly number[];
  /** Resolves when the model is loaded. Throws StartError MODEL_UNUSABLE when it cannot be. */
  start(): Promise<void>;
  /**
   * Logits [2] of one review. Throws ApiError: MODEL_NOT_LOADED, QUEUE_FULL, SHUTTING_DOWN, or PREDICTION_FAILED when the
   * model failed on it or two processes died over it. Throws the signal's reason when it is aborted before it started.
   */
  classify(inputIds: Int32Array, options?: ClassifyOptions): Promise<Float32Array>;
  /** Fails what is queued, and resolves when no process is left. */
  close(): Promise<void>;
}
