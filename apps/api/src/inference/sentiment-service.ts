import type { PredictResponse } from '@marquee/contracts';
import type { InferencePool } from './inference-pool.js';

export interface SentimentService {
  /** Predictions in the order of the texts. Throws what `InferencePool.predict` throws; then no other review is started. */
  predict(texts: readonly string[], signal: AbortSignal): Promise<PredictResponse[]>;
}

export function createSentimentService(pool: InferencePool): SentimentService {
  const predictOne = async (text: string, signal: AbortSignal): Promise<PredictResponse> => {
    const { sentiment, confidence, probabilities } = await pool.predict(text, { signal });
    return { text, sentiment, confidence, probabilities };
  };

  return {
    async predict(texts, signal) {
      const failure = new AbortController();
      const reviewSignal = AbortSignal.any([signal, failure.signal]);
      const predictions: Promise<PredictResponse>[] = [];
      for (const text of texts) {
        if (reviewSignal.aborted) break;
        const prediction = predictOne(text, reviewSignal);
        prediction.catch((error: unknown) => failure.abort(error));
        predictions.push(prediction);
      }
      signal.throwIfAborted();
      return Promise.all(predictions);
    },
  };
}
