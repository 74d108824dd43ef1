export type { InferenceService, PredictionRequest, ServedPrediction } from './inference/inference-service.js';
export { ModelService } from './inference/model-service.js';
export type { ModelServiceOptions } from './inference/model-service.js';
export { createMetrics } from './metrics/metrics.js';
export type { Metrics } from './metrics/metrics.js';
export { buildOpenApiDocument } from './openapi/open-api-document.js';
export { createServer } from './server.js';
export type { MarqueeServer, ServerDependencies } from './server.js';
