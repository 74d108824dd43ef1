import { LIMITS } from '@marquee/contracts';
import type { HealthResponse, ModelInfoResponse } from '@marquee/contracts';
import { HealthResponseDto, ModelInfoResponseDto } from '../dto/service-state-responses.js';
import { ApiError } from '../http/api-error.js';
import type { InferencePool } from '../inference/inference-pool.js';
import type { Route } from './route.js';

/** What the routes report of a device before any model was loaded on one. */
const UNKNOWN_DEVICE = 'cpu';

export function createHealthRoute(pool: InferencePool, isDraining: () => boolean): Route<object, HealthResponse> {
  return {
    method: 'GET',
    path: '/health',
    operationId: 'health',
    tag: 'Service',
    summary: 'Whether a prediction would be answered',
    description: '200 and `healthy` exactly when the model is loaded and requests are taken.',
    scope: 'open',
    wire: 'native',
    answers: {
      200: { dto: HealthResponseDto, description: 'Predictions are answered.' },
      503: { dto: HealthResponseDto, description: 'The model is not loaded, or the server is shutting down.' },
    },
    errors: ['INTERNAL'],
    async handle() {
      const isHealthy = pool.ready && !isDraining();
      const body: HealthResponse = {
        status: isHealthy ? 'healthy' : 'unhealthy',
        model_loaded: pool.ready,
        device: pool.loaded?.device ?? UNKNOWN_DEVICE,
        timestamp: formatTimestamp(new Date()),
      };
      return { status: isHealthy ? 200 : 503, body };
    },
  };
}

/** As Python's `datetime.now(timezone.utc).isoformat()`: every version of `fromisoformat` reads it, and so does RFC 3339. */
function formatTimestamp(time: Date): string {
  return time.toISOString().replace('Z', '000+00:00');
}

export function createModelInfoRoute(modelPath: string, pool: InferencePool): Route<object, ModelInfoResponse> {
  return {
    method: 'GET',
    path: '/model/info',
    operationId: 'modelInfo',
    tag: 'Service',
    summary: 'The model that answers',
    description: 'Where the model came from, its kind and size, and where it runs.',
    scope: 'predict',
    wire: 'native',
    answers: { 200: { dto: ModelInfoResponseDto, description: 'The model that answers.' } },
    errors: ['INTERNAL', 'MODEL_NOT_LOADED'],
    async handle() {
      const { ready, loaded } = pool;
      if (!ready || loaded === undefined) throw new ApiError('MODEL_NOT_LOADED', 'Model not loaded');
      const { device, info } = loaded;
      const body: ModelInfoResponse = {
        model_path: modelPath,
        model_type: info.modelType,
        num_labels: info.labels.length,
        // A model without a limit reads all of a review, and a token has at least one character.
        max_length: info.maxLength ?? LIMITS.maxReviewCharacters,
        device,
        parameters: info.parameters,
        trainable_parameters: info.parameters,
      };
      return { status: 200, body };
    },
  };
}
