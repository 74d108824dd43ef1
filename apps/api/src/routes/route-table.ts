import type { InferencePool } from '../inference/inference-pool.js';
import type { SentimentService } from '../inference/sentiment-service.js';
import { createBatchPredictRoute, createPredictRoute } from './prediction-routes.js';
import type { Route } from './route.js';
import { createHealthRoute, createModelInfoRoute } from './service-state-routes.js';

export interface RouteServices {
  /** The model's folder as it is shown to clients. */
  readonly modelPath: string;
  readonly pool: InferencePool;
  readonly sentiment: SentimentService;
  readonly isDraining: () => boolean;
}

/** Every route of the API, once: Express and the OpenAPI document are both made from this list. */
export function createRouteTable({ modelPath, pool, sentiment, isDraining }: RouteServices): readonly Route[] {
  return [
    createHealthRoute(pool, isDraining),
    createPredictRoute(sentiment),
    createBatchPredictRoute(sentiment),
    createModelInfoRoute(modelPath, pool),
  ];
}
