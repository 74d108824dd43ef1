import { LIMITS } from '@marquee/contracts';
import type { HealthResponse, ModelInfoResponse } from '@marquee/contracts';
import { HealthResponseDto, ModelInfoResponseDto } from '../dto/service-state-responses.js';
import { ApiError } from '../http/api-error.js';
import type { InferenceService, ServingModel } from '../inference/inference-service.js';
import type { Route } from './route.js';

/** What the routes report of a device before any model was loaded on one. */
const UNKNOWN_DEVICE = 'cpu';

export function createHealthRoute(
  inference: InferenceService,
  isDraining: () => boolean,
): Route<object, HealthResponse> {
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
      const isHealthy = inference.unreadiness === undefined && !isDraining();
      const body: HealthResponse = {
        status: isHealthy ? 'healthy' : 'unhealthy',
        model_loaded: isHealthy,
        device: inference.model?.device ?? UNKNOWN_DEVICE,
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

export function createModelInfoRoute(inference: InferenceService): Route<object, ModelInfoResponse> {
  return {
    method: 'GET',
    path: '/model/info',
    operationId: 'modelInfo',
    tag: 'Service',
    summary: 'The model that answers',
    description: 'Where the model came from, its version, kind and size, where it runs, and why there.',
    scope: 'predict',
    wire: 'native',
    answers: { 200: { dto: ModelInfoResponseDto, description: 'The model that answers.' } },
    errors: ['INTERNAL', 'MODEL_NOT_LOADED'],
    async handle() {
      const { model, unreadiness } = inference;
      if (model === undefined || (unreadiness !== undefined && unreadiness !== 'draining')) {
        throw new ApiError('MODEL_NOT_LOADED', 'Model not loaded');
      }
      return { status: 200, body: toModelInfo(model) };
    },
  };
}

function toModelInfo({ version, path, device, info }: ServingModel): ModelInfoResponse {
  return {
    model_path: path,
    model_type: info.modelType,
    num_labels: info.labels.length,
    // A model without a limit reads all of a review, and a token has at least one character.
    max_length: info.maxLength ?? LIMITS.maxReviewCharacters,
    device,
    parameters: info.parameters,
    trainable_parameters: info.parameters,
    model_version: version,
    kind: info.kind,
    ...(info.graph !== undefined && { graph: info.graph }),
    ...(info.reason !== undefined && { reason: info.reason }),
    ...(info.int8Guard !== undefined && { int8_guard: info.int8Guard }),
    runtime: `onnxruntime-node ${info.runtimeVersion}`,
  };
}
