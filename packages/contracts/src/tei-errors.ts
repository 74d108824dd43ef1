import type { ApiErrorCode } from './api-errors.js';

/** Kinds of error as Text Embeddings Inference writes them (its documents show them in lower case, its answers do not). */
export const TEI_ERROR_TYPES = ['Unhealthy', 'Backend', 'Overloaded', 'Validation', 'Tokenizer', 'Empty'] as const;
export type TeiErrorType = (typeof TEI_ERROR_TYPES)[number];

/** Body of every answer under `/tei` that is not 2xx. */
export interface TeiErrorResponse {
  readonly error: string;
  readonly error_type: TeiErrorType;
}

interface TeiErrorKind {
  readonly status: number;
  readonly error_type: TeiErrorType;
}

/**
 * What each of our errors becomes under `/tei`. Statuses are those of Text Embeddings Inference 0d124dc
 * (`router/src/http/server.rs`: validation 422, backend 424, overloaded 429, unhealthy 503; a body too large is 413, and 400
 * when it is no JSON); errors that it has none for (keys, methods, deadlines) keep HTTP's own.
 */
export const TEI_ERRORS = {
  INVALID_REQUEST: { status: 422, error_type: 'Validation' },
  EMPTY_INPUT: { status: 400, error_type: 'Empty' },
  MALFORMED_BODY: { status: 400, error_type: 'Validation' },
  INVALID_HEADER: { status: 400, error_type: 'Validation' },
  MALFORMED_HTTP: { status: 400, error_type: 'Validation' },
  KEY_REQUIRED: { status: 401, error_type: 'Validation' },
  KEY_INVALID: { status: 401, error_type: 'Validation' },
  SCOPE_MISSING: { status: 403, error_type: 'Validation' },
  ANONYMOUS_REFUSED: { status: 403, error_type: 'Validation' },
  ROUTE_NOT_FOUND: { status: 404, error_type: 'Validation' },
  MODEL_NOT_FOUND: { status: 404, error_type: 'Validation' },
  METHOD_NOT_ALLOWED: { status: 405, error_type: 'Validation' },
  REQUEST_TIMEOUT: { status: 408, error_type: 'Validation' },
  MODEL_REFUSED: { status: 409, error_type: 'Backend' },
  BODY_TOO_LARGE: { status: 413, error_type: 'Validation' },
  UNSUPPORTED_MEDIA_TYPE: { status: 415, error_type: 'Validation' },
  RATE_LIMITED: { status: 429, error_type: 'Overloaded' },
  HEADERS_TOO_LARGE: { status: 431, error_type: 'Validation' },
  INTERNAL: { status: 424, error_type: 'Backend' },
  PREDICTION_FAILED: { status: 424, error_type: 'Backend' },
  EXPLANATION_FAILED: { status: 424, error_type: 'Backend' },
  EXPLANATION_UNAVAILABLE: { status: 424, error_type: 'Backend' },
  MODEL_NOT_LOADED: { status: 503, error_type: 'Unhealthy' },
  QUEUE_FULL: { status: 429, error_type: 'Overloaded' },
  SHUTTING_DOWN: { status: 503, error_type: 'Unhealthy' },
  DEADLINE_EXCEEDED: { status: 504, error_type: 'Overloaded' },
} as const satisfies Record<ApiErrorCode, TeiErrorKind>;
