import { setImmediate as yieldToEventLoop } from 'node:timers/promises';
import { softmax } from '@marquee/model-core';
import type { PredictResponse } from '@marquee/contracts';
import type { InferencePool } from './inference-pool.js';
import type { ServedModel } from './served-model.js';

export interface SentimentService {
  /** Predictions in the order of the texts. Throws what `InferencePool.classify` throws; then no other review is started. */
  predict(texts: readonly string[], signal: AbortSignal): Promise<PredictResponse[]>;
}

export function createSentimentService(model: ServedModel, pool: InferencePool): SentimentService {
  const predictOne = async (text: string, signal: AbortSignal): Promise<PredictResponse> => {
    const { inputIds } = model.tokenizer.encode(text);
    return toPrediction(text, await pool.classify(inputIds, { signal }), model.temperature);
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
        if (texts.length > 1) await yieldToEventLoop(); // tokenizing a long review takes milliseconds
      }
      signal.throwIfAborted();
      return Promise.all(predictions);
    },
  };
}

function toPrediction(text: string, logits: Float32Array, temperature: number): PredictResponse {
  const [negative = NaN, positive = NaN] = softmax(logits, temperature);
  const sentiment = positive > negative ? 'positive' : 'negative';
  const probabilities = { negative, positive };
  return { text, sentiment, confidence: probabilities[sentiment], probabilities };
}
