/** Body of every answer that is not 2xx: a short name of the kind of error, and a sentence about this one. */
export interface ErrorResponse {
  readonly error: string;
  readonly detail: string;
  readonly code: ApiErrorCode;
  /** The one in the header `X-Request-Id`, and in the log of the server. */
  readonly request_id: string;
}

interface ApiErrorKind {
  readonly status: number;
  /** The `error` field on the wire. */
  readonly error: string;
}

/** Every error that the API can answer with: the one total map from code to HTTP status. */
export const API_ERRORS = {
  INVALID_REQUEST: { status: 400, error: 'Validation error' },
  EMPTY_INPUT: { status: 400, error: 'Validation error' },
  MALFORMED_BODY: { status: 400, error: 'Validation error' },
  INVALID_HEADER: { status: 400, error: 'Validation error' },
  MALFORMED_HTTP: { status: 400, error: 'Bad request' },
  KEY_REQUIRED: { status: 401, error: 'Unauthorized' },
  KEY_INVALID: { status: 401, error: 'Unauthorized' },
  SCOPE_MISSING: { status: 403, error: 'Forbidden' },
  ANONYMOUS_REFUSED: { status: 403, error: 'Forbidden' },
  ROUTE_NOT_FOUND: { status: 404, error: 'Not found' },
  MODEL_NOT_FOUND: { status: 404, error: 'Not found' },
  METHOD_NOT_ALLOWED: { status: 405, error: 'Method not allowed' },
  REQUEST_TIMEOUT: { status: 408, error: 'Request timeout' },
  MODEL_REFUSED: { status: 409, error: 'Model refused' },
  BODY_TOO_LARGE: { status: 413, error: 'Payload too large' },
  UNSUPPORTED_MEDIA_TYPE: { status: 415, error: 'Unsupported media type' },
  RATE_LIMITED: { status: 429, error: 'Too many requests' },
  HEADERS_TOO_LARGE: { status: 431, error: 'Request header fields too large' },
  INTERNAL: { status: 500, error: 'Internal server error' },
  PREDICTION_FAILED: { status: 500, error: 'Internal server error' },
  EXPLANATION_FAILED: { status: 500, error: 'Internal server error' },
  EXPLANATION_UNAVAILABLE: { status: 501, error: 'Not implemented' },
  MODEL_NOT_LOADED: { status: 503, error: 'Service unavailable' },
  QUEUE_FULL: { status: 503, error: 'Service unavailable' },
  SHUTTING_DOWN: { status: 503, error: 'Service unavailable' },
  DEADLINE_EXCEEDED: { status: 504, error: 'Gateway timeout' },
} as const satisfies Record<string, ApiErrorKind>;

export type ApiErrorCode = keyof typeof API_ERRORS;
