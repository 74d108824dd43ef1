import type { LiveResponse, ReadyResponse } from '@marquee/contracts';
import { LiveResponseDto, ReadyResponseDto } from '../dto/service-state-responses.js';
import type { InferenceService } from '../inference/inference-service.js';
import { assertReady } from './readiness.js';
import type { Route } from './route.js';

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
      const { version } = assertReady(inference, isDraining());
      return { status: 200, body: { status: 'ready', model_version: version } };
    },
  };
}
