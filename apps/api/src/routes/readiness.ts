import type { ApiErrorCode } from '@marquee/contracts';
import { ApiError } from '../http/api-error.js';
import type { InferenceService, ServingModel, Unreadiness } from '../inference/inference-service.js';

/** What is said of each check that can fail. */
const FAILING_CHECKS: Readonly<Record<Unreadiness, readonly [ApiErrorCode, string]>> = {
  loading: ['MODEL_NOT_LOADED', 'model loaded: the model is being verified, loaded and warmed'],
  'no-process': ['MODEL_NOT_LOADED', 'inference process: none is ready, one is being started'],
  'crash-loop': ['MODEL_NOT_LOADED', 'inference process: those that start die before they answer'],
  draining: ['SHUTTING_DOWN', 'not draining: the server is shutting down'],
};

/** The model, when every check passes. Throws ApiError MODEL_NOT_LOADED or SHUTTING_DOWN that names the check that fails. */
export function assertReady({ model, unreadiness }: InferenceService, isDraining: boolean): ServingModel {
  const failing = isDraining ? 'draining' : unreadiness;
  if (failing === undefined && model !== undefined) return model;
  const [code, check] = FAILING_CHECKS[failing ?? 'loading'];
  throw new ApiError(code, `Not ready, failing check: ${check}`);
}
