import { LIMITS } from '@marquee/contracts';
import type { ApiErrorCode } from '@marquee/contracts';
import { EXAMPLE_REQUEST_ID, EXAMPLE_VERSION } from '../dto/examples.js';
import { ApiError } from '../http/api-error.js';
import { ERROR_WIRES } from '../http/error-wires.js';
import type { Route, Wire } from '../routes/route.js';

const BLANK_REVIEW = 'Review text cannot be empty or whitespace only';
const INVALID: Readonly<Record<Wire, string>> = {
  native: BLANK_REVIEW,
  tei: 'Input validation error: `inputs` must be single strings: this model reads no pairs',
  v2: `data[0]: ${BLANK_REVIEW}`,
};

/** What each error may say on a route. */
const DETAILS: Readonly<Record<ApiErrorCode, (route: Route) => string>> = {
  INVALID_REQUEST: ({ wire }) => INVALID[wire],
  EMPTY_INPUT: () => 'Input validation error: `inputs` cannot be empty',
  MALFORMED_BODY: () => 'Request body is not valid JSON',
  INVALID_HEADER: () => 'X-Request-Timeout-Ms must be an integer of at least 1000',
  MALFORMED_HTTP: () => 'Request is not valid HTTP/1.1',
  KEY_REQUIRED: ({ scope }) => `A key with the scope ${scope} is required, in Authorization: Bearer or X-API-Key`,
  KEY_INVALID: () => 'This key is not known, has expired or was revoked',
  SCOPE_MISSING: ({ scope }) => `This key may ${scope === 'predict' ? 'metrics' : 'predict'}, but not ${scope}`,
  ANONYMOUS_REFUSED: () => 'Without a key, only this machine is served',
  ROUTE_NOT_FOUND: () => 'No such path: see /docs for those that there are',
  MODEL_NOT_FOUND: () => `Model "marquee" is served in version ${EXAMPLE_VERSION} only`,
  METHOD_NOT_ALLOWED: ({ method }) => `PUT is not allowed here, expected ${method === 'GET' ? 'GET or HEAD' : method}`,
  REQUEST_TIMEOUT: () => 'Request body must arrive within 20000 ms',
  MODEL_REFUSED: () =>
    'The model was refused, the one before goes on: tokenizer.json: the manifest says 711396 bytes, the file has 0',
  BODY_TOO_LARGE: ({ request }) =>
    `Request body must have at most ${request?.maxBytes ?? LIMITS.maxSingleBodyBytes} bytes`,
  UNSUPPORTED_MEDIA_TYPE: ({ request }) =>
    request?.jsonLengthHeader === undefined
      ? 'Content-Type must be application/json'
      : 'Content-Type must be application/json or application/octet-stream, or left out',
  RATE_LIMITED: () => 'One address may ask for at most 600 requests a minute: try again in 12 s',
  HEADERS_TOO_LARGE: () => 'Request headers must have at most 16 KiB',
  INTERNAL: () => 'Prediction failed: unexpected error, see the log of the server',
  PREDICTION_FAILED: () => 'Prediction failed: the model could not process this review',
  EXPLANATION_FAILED: () => 'Explanation failed: the model could not process this review',
  EXPLANATION_UNAVAILABLE: () =>
    'The model has no gradients for integrated_gradients, which npm run export adds: use occlusion, lime or shap',
  MODEL_NOT_LOADED: () => 'Model not loaded',
  QUEUE_FULL: () => 'Too many reviews are waiting: try again later',
  SHUTTING_DOWN: () => 'Server is shutting down',
  DEADLINE_EXCEEDED: () => 'The answer was not ready in time: the work was given up',
};

/** The body of an error of a route, as it may come. */
export function errorExample(route: Route, wire: Wire, code: ApiErrorCode): object {
  return ERROR_WIRES[wire](new ApiError(code, DETAILS[code](route)), EXAMPLE_REQUEST_ID).body;
}
