import { ApiError } from '../http/api-error.js';
import type { InferencePool } from './inference-pool.js';
import type {
  InferenceService,
  PredictionRequest,
  ServedPrediction,
  ServingModel,
  Unreadiness,
} from './inference-service.js';

interface ModelIdentity {
  readonly version: string;
  /** The folder as it is shown to clients. */
  readonly path: string;
}

/** A pool as the service that routes see. */
export function createPooledInference(pool: InferencePool, { version, path }: ModelIdentity): InferenceService {
  const predictOne = async (text: string, signal: AbortSignal): Promise<ServedPrediction> => ({
    ...(await pool.predict(text, { signal })),
    modelVersion: version,
  });

  return {
    get model(): ServingModel | undefined {
      return pool.loaded && { version, path, ...pool.loaded };
    },
    get unreadiness(): Unreadiness | undefined {
      if (pool.ready) return undefined;
      return pool.loaded === undefined ? 'loading' : 'no-process';
    },
    stats: { queuedReviews: { single: 0, batch: 0 }, queuedTokens: 0, estimatedWaitMs: 0, processes: 1 },
    async reload() {
      throw new ApiError('MODEL_REFUSED', 'This server cannot reload its model');
    },
    async predict({ texts, signal }: PredictionRequest) {
      const startMs = performance.now();
      const failure = new AbortController();
      const reviewSignal = AbortSignal.any([signal, failure.signal]);
      const predictions: Promise<ServedPrediction>[] = [];
      for (const text of texts) {
        if (reviewSignal.aborted) break;
        const prediction = predictOne(text, reviewSignal);
        prediction.catch((error: unknown) => failure.abort(error));
        predictions.push(prediction);
      }
      signal.throwIfAborted();
      const answered = await Promise.all(predictions);
      const timings = { tokenizationMs: 0, queueMs: 0, inferenceMs: performance.now() - startMs };
      return { predictions: answered, timings };
    },
  };
}
