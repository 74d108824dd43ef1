export { API_ERRORS } from './api-errors.js';
export type { ApiErrorCode, ErrorResponse } from './api-errors.js';
export type {
  InferenceError,
  InferenceModelMetadata,
  InferenceModelState,
  InferenceOutput,
  InferenceResponse,
  InferenceServerMetadata,
  InferenceServerState,
  TensorMetadata,
} from './inference-protocol.js';
export type { LabelScore, TeiInfo } from './label-scores.js';
export { EXPLANATION_METHODS } from './explanation.js';
export type { ExplainRequest, ExplainResponse, ExplanationMethod, WordAttribution } from './explanation.js';
export { LIMITS } from './limits.js';
export { SENTIMENTS, STAGES } from './prediction.js';
export type {
  BatchPredictRequest,
  BatchPredictResponse,
  PredictRequest,
  PredictResponse,
  Sentiment,
  SentimentProbabilities,
  Stage,
} from './prediction.js';
export { INT8_GUARDS, MODEL_KINDS } from './service-state.js';
export type {
  HealthResponse,
  LiveResponse,
  ModelInfoResponse,
  ModelKind,
  ReadyResponse,
  ReloadResponse,
} from './service-state.js';
export { TEI_ERROR_TYPES, TEI_ERRORS } from './tei-errors.js';
export type { TeiErrorResponse, TeiErrorType } from './tei-errors.js';
