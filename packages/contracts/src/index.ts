export { API_ERRORS } from './api-errors.js';
export type { ApiErrorCode, ErrorResponse } from './api-errors.js';
export { LIMITS } from './limits.js';
export { SENTIMENTS } from './prediction.js';
export type {
  BatchPredictRequest,
  BatchPredictResponse,
  PredictRequest,
  PredictResponse,
  Sentiment,
  SentimentProbabilities,
} from './prediction.js';
export type { HealthResponse, ModelInfoResponse } from './service-state.js';
