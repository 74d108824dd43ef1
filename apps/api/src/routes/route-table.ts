import type { ExplanationService } from '../explanation/explanation-service.js';
import type { InferenceService, ServingModel } from '../inference/inference-service.js';
import type { Metrics } from '../metrics/metrics.js';
import { createReloadRoute } from './admin-routes.js';
import { createHuggingFaceRoute } from './hugging-face-routes.js';
import { createInferenceProtocolRoutes } from './inference-protocol-routes.js';
import { createMetricsRoute } from './metrics-routes.js';
import { createBatchPredictRoute, createPredictRoute } from './prediction-routes.js';
import { createLiveRoute, createReadyRoute } from './probe-routes.js';
import { createExplainRoute } from './explain-route.js';
import type { Route } from './route.js';
import { createHealthRoute, createModelInfoRoute } from './service-state-routes.js';
import { createTeiRoutes } from './tei-routes.js';

export interface RouteServices {
  readonly inference: InferenceService;
  readonly metrics: Metrics;
  readonly explanations: ExplanationService;
  readonly isDraining: () => boolean;
  /** Throws as `InferenceService.reload`. */
  readonly reload: () => Promise<ServingModel>;
}

/** Every route of the API, once: Express and the OpenAPI document are both made from this list. */
export function createRouteTable(services: RouteServices): readonly Route[] {
  const { inference, explanations, metrics, isDraining, reload } = services;
  return [
    createHealthRoute(inference, isDraining),
    createLiveRoute(),
    createReadyRoute(inference, isDraining),
    createPredictRoute(inference),
    createBatchPredictRoute(inference),
    createExplainRoute(explanations),
    createModelInfoRoute(inference),
    createMetricsRoute(metrics),
    createReloadRoute(reload),
    ...createInferenceProtocolRoutes(inference, isDraining),
    ...createTeiRoutes(inference, isDraining),
    createHuggingFaceRoute(inference),
  ];
}
