import type { InferenceService } from '../inference/inference-service.js';
import { createBatchPredictRoute, createPredictRoute } from './prediction-routes.js';
import { createLiveRoute, createReadyRoute } from './probe-routes.js';
import type { Route } from './route.js';
import { createHealthRoute, createModelInfoRoute } from './service-state-routes.js';

export interface RouteServices {
  readonly inference: InferenceService;
  readonly isDraining: () => boolean;
}

/** Every route of the API, once: Express and the OpenAPI document are both made from this list. */
export function createRouteTable({ inference, isDraining }: RouteServices): readonly Route[] {
  return [
    createHealthRoute(inference, isDraining),
    createLiveRoute(),
    createReadyRoute(inference, isDraining),
    createPredictRoute(inference),
    createBatchPredictRoute(inference),
    createModelInfoRoute(inference),
  ];
}
