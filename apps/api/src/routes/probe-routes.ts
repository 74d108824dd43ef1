import type { ApiErrorCode, LiveResponse, ReadyResponse } from '@marquee/contracts';
import { LiveResponseDto, ReadyResponseDto } from '../dto/service-state-responses.js';
import { ApiError } from '../http/api-error.js';
import type { InferenceService, Unreadiness } from '../inference/inference-service.js';
import type { Route } from './route.js';

/** What `/readyz` says of each check that can fail. */
const FAILING_CHECKS: Readonly<Record<Unreadiness, readonly [ApiErrorCode, string]>> = {
  loading: ['MODEL_NOT_LOADED', 'model loaded: the model is being verified, loaded and warmed'],
  'no-process': ['MODEL_NOT_LOADED', 'inference process: none is ready, one is being started'],
  'crash-loop': ['MODEL_NOT_LOADED', 'inference process: those that start die before they answer'],
  draining: ['SHUTTING_DOWN', 'not draining: the server is shutting down'],
};

export function createLiveRoute(): Route<object, LiveResponse> {
  return {
    method: 'GET',
    path: '/livez',
    operationId: 'livez',
    tag: 'Service',
    summary: 'Whether the process answers',
    description: 'For a liveness probe: 200 while the process runs, whatever its model does.',
    scope: 'open',
    wire: 'native',
    answers: { 200: { dto: LiveResponseDto, description: 'The process answers.' } },
    errors: ['INTERNAL'],
    async handle() {
      return { status: 200, body: { status: 'alive' } };
    },
  };
}

export function createReadyRoute(inference: InferenceService, isDraining: () => boolean): Route<object, ReadyResponse> {
  return {
    method: 'GET',
    path: '/readyz',
    operationId: 'readyz',
    tag: 'Service',
    summary: 'Whether requests should be sent here',
    description:
      'For a readiness probe: 200 when the model is loaded and warm, gave the right answers to its golden inputs, and the server is not shutting down; else 503, whose detail names the check that failed.',
    scope: 'open',
    wire: 'native',
    answers: { 200: { dto: ReadyResponseDto, description: 'Every check passes.' } },
    errors: ['INTERNAL', 'MODEL_NOT_LOADED', 'SHUTTING_DOWN'],
    async handle() {
      const unreadiness = isDraining() ? 'draining' : inference.unreadiness;
      const { model } = inference;
      if (unreadiness === undefined && model !== undefined) {
        return { status: 200, body: { status: 'ready', model_version: model.version } };
      }
      const [code, check] = FAILING_CHECKS[unreadiness ?? 'loading'];
      throw new ApiError(code, `Not ready, failing check: ${check}`);
    },
  };
}
