import { randomUUID } from 'node:crypto';
import { LIMITS } from '@marquee/contracts';
import type { ApiErrorCode, BatchPredictResponse, PredictResponse } from '@marquee/contracts';
import { BatchPredictRequestDto, PredictRequestDto } from '../dto/prediction-requests.js';
import { BatchPredictResponseDto, PredictResponseDto } from '../dto/prediction-responses.js';
import type { InferenceService, ServedPrediction } from '../inference/inference-service.js';
import type { Route } from './route.js';

/** What can happen to whoever sends reviews to the model. */
export const REVIEW_ERRORS: readonly ApiErrorCode[] = [
  'INVALID_REQUEST',
  'MALFORMED_BODY',
  'BODY_TOO_LARGE',
  'UNSUPPORTED_MEDIA_TYPE',
  'MODEL_NOT_LOADED',
  'QUEUE_FULL',
  'SHUTTING_DOWN',
];
/** Of every route that predicts. */
export const PREDICTION_ERRORS: readonly ApiErrorCode[] = [...REVIEW_ERRORS, 'PREDICTION_FAILED'];

export function createPredictRoute(inference: InferenceService): Route<PredictRequestDto, PredictResponse> {
  return {
    method: 'POST',
    path: '/predict',
    operationId: 'predict',
    tag: 'Prediction',
    summary: 'Sentiment of one movie review',
    description: `The review may have up to ${LIMITS.maxReviewCharacters.toLocaleString('en')} characters (Unicode code points).`,
    scope: 'predict',
    wire: 'native',
    request: { dto: PredictRequestDto, maxBytes: LIMITS.maxSingleBodyBytes },
    answers: { 200: { dto: PredictResponseDto, description: 'The sentiment, and how sure the model is of it.' } },
    errors: PREDICTION_ERRORS,
    async handle({ body: { text }, signal, deadlineMs }) {
      const { predictions } = await inference.predict({ texts: [text], priority: 'single', signal, deadlineMs });
      const [prediction] = predictions;
      if (prediction === undefined) throw new Error('bug: one review got no prediction');
      return { status: 200, body: toPredictResponse(text, prediction) };
    },
  };
}

export function createBatchPredictRoute(
  inference: InferenceService,
): Route<BatchPredictRequestDto, BatchPredictResponse> {
  return {
    method: 'POST',
    path: '/predict/batch',
    operationId: 'predictBatch',
    tag: 'Prediction',
    summary: 'Sentiment of several movie reviews',
    description: `Up to ${LIMITS.maxBatchReviews} reviews, answered in their order. One review that is not valid refuses the batch.`,
    scope: 'predict',
    wire: 'native',
    request: { dto: BatchPredictRequestDto, maxBytes: LIMITS.maxBatchBodyBytes },
    answers: { 200: { dto: BatchPredictResponseDto, description: 'One prediction a review.' } },
    errors: PREDICTION_ERRORS,
    async handle({ body: { reviews }, signal, deadlineMs }) {
      const startMs = performance.now();
      const answer = await inference.predict({ texts: reviews, priority: 'batch', signal, deadlineMs });
      const predictions = answer.predictions.map((prediction, index) =>
        toPredictResponse(reviews[index] ?? '', prediction),
      );
      const processing_time_ms = Math.round((performance.now() - startMs) * 100) / 100;
      return { status: 200, body: { predictions, total_count: predictions.length, processing_time_ms } };
    },
  };
}

/** The seed's four fields first, in its order. */
export function toPredictResponse(text: string, prediction: ServedPrediction): PredictResponse {
  const { sentiment, confidence, probabilities, modelVersion, tokenCount, truncated, stage } = prediction;
  return {
    text,
    sentiment,
    confidence,
    probabilities,
    prediction_id: randomUUID(),
    model_version: modelVersion,
    token_count: tokenCount,
    truncated,
    ...(stage !== undefined && { stage }),
  };
}
