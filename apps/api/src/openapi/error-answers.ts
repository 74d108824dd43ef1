import { API_ERRORS, TEI_ERRORS } from '@marquee/contracts';
import type { ApiErrorCode } from '@marquee/contracts';
import { ErrorResponseDto } from '../dto/error-response.js';
import { InferenceErrorDto } from '../dto/inference-protocol.js';
import { TeiErrorResponseDto } from '../dto/tei.js';
import type { Dto } from '../http/validate-body.js';
import type { Route, Wire } from '../routes/route.js';
import { errorExample } from './error-examples.js';
import { schemaOf } from './schemas.js';

const BODIES: Readonly<Record<Wire, Dto<object>>> = {
  native: ErrorResponseDto,
  tei: TeiErrorResponseDto,
  v2: InferenceErrorDto,
};

/** What can happen to a request of any route. */
const EVERYWHERE: readonly ApiErrorCode[] = [
  'INVALID_HEADER',
  'MALFORMED_HTTP',
  'METHOD_NOT_ALLOWED',
  'HEADERS_TOO_LARGE',
  'INTERNAL',
  'DEADLINE_EXCEEDED',
];
const WITH_BODY: readonly ApiErrorCode[] = ['REQUEST_TIMEOUT'];
const WITH_KEY: readonly ApiErrorCode[] = [
  'KEY_REQUIRED',
  'KEY_INVALID',
  'SCOPE_MISSING',
  'ANONYMOUS_REFUSED',
  'RATE_LIMITED',
];

/** Headers of the answers of a status, beside the id of the request; the names are those of `HEADERS`. */
const HEADERS_OF_STATUS: Readonly<Record<number, readonly string[]>> = {
  401: ['WWW-Authenticate'],
  405: ['Allow'],
  429: ['Retry-After', 'RateLimit', 'RateLimit-Policy'],
  503: ['Retry-After'],
};

/** Headers that several answers have, as components of the document. */
export const HEADERS = {
  'X-Request-Id': {
    description: 'Names the request in the log of the server: the one that the client sent, or a new one.',
    required: true,
    schema: { type: 'string' },
  },
  'WWW-Authenticate': { description: 'How to authenticate.', required: true, schema: { type: 'string' } },
  Allow: { description: 'The methods of this path.', required: true, schema: { type: 'string' } },
  'Retry-After': {
    description: 'Seconds after which a new try is likely to be answered.',
    required: true,
    schema: { type: 'integer', minimum: 1 },
  },
  RateLimit: {
    description: 'What is left of the limit, by draft-ietf-httpapi-ratelimit-headers.',
    schema: { type: 'string' },
  },
  'RateLimit-Policy': {
    description: 'The limit itself, by draft-ietf-httpapi-ratelimit-headers.',
    schema: { type: 'string' },
  },
} as const;

/** Told, but for a few cases, before the path of a request is known: in our own wire then, whatever the path. */
const BEFORE_ROUTES: readonly ApiErrorCode[] = ['MALFORMED_HTTP', 'HEADERS_TOO_LARGE'];

/** The error answers of a route, by status: those of its own codes, and those that any route has. */
export function toErrorAnswers(route: Route): Record<string, object> {
  const codes = [
    ...route.errors,
    ...EVERYWHERE,
    ...(route.request === undefined ? [] : WITH_BODY),
    ...(route.scope === 'open' ? [] : WITH_KEY),
  ];
  const byStatus = new Map<number, Set<ApiErrorCode>>();
  for (const code of codes) {
    const status = statusOf(wireOf(route, code), code);
    byStatus.set(status, (byStatus.get(status) ?? new Set()).add(code));
  }
  return Object.fromEntries(
    [...byStatus].map(([status, ofStatus]) => [status, toErrorAnswer(route, status, [...ofStatus])] as const),
  );
}

const wireOf = (route: Route, code: ApiErrorCode): Wire => (BEFORE_ROUTES.includes(code) ? 'native' : route.wire);

const statusOf = (wire: Wire, code: ApiErrorCode): number => (wire === 'tei' ? TEI_ERRORS : API_ERRORS)[code].status;

function toErrorAnswer(route: Route, status: number, codes: readonly ApiErrorCode[]): object {
  const headers = ['X-Request-Id', ...(HEADERS_OF_STATUS[status] ?? [])];
  const schemas = [...new Set(codes.map((code) => BODIES[wireOf(route, code)]))].map(schemaOf);
  const examples = codes.map((code) => [code, errorExample(route, wireOf(route, code), code)] as const);
  return {
    description: `${[...new Set(codes.map((code) => API_ERRORS[code].error))].join(', ')} (${codes.join(', ')})`,
    headers: Object.fromEntries(headers.map((name) => [name, { $ref: `#/components/headers/${name}` }])),
    content: {
      'application/json': {
        schema: schemas.length === 1 ? schemas[0] : { anyOf: schemas },
        examples: toExamples(Object.fromEntries(examples)),
      },
    },
  };
}

/** Examples of a media type, by name. */
export const toExamples = (examples: Readonly<Record<string, object>>): Record<string, { readonly value: object }> =>
  Object.fromEntries(Object.entries(examples).map(([name, value]) => [name, { value }]));
