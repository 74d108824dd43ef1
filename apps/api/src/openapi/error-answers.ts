import { API_ERRORS, TEI_ERRORS } from '@marquee/contracts';
import type { ApiErrorCode } from '@marquee/contracts';
import { ErrorResponseDto } from '../dto/error-response.js';
import { InferenceErrorDto } from '../dto/inference-protocol.js';
import { TeiErrorResponseDto } from '../dto/tei.js';
import type { Dto } from '../http/validate-body.js';
import type { Route, Wire } from '../routes/route.js';
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

const REFERENCE = '#/components/responses/';

/** References to the error answers of a route, by status: those of its own codes, and those that any route has. */
export function toErrorAnswers(route: Route): Record<string, object> {
  const codes = [
    ...route.errors,
    ...EVERYWHERE,
    ...(route.request === undefined ? [] : WITH_BODY),
    ...(route.scope === 'open' ? [] : WITH_KEY),
  ];
  const statuses = new Set(codes.map((code) => statusOf(route.wire, code)));
  return Object.fromEntries(
    [...statuses].sort().map((status) => [status, { $ref: REFERENCE + nameOf(route.wire, status) }]),
  );
}

const statusOf = (wire: Wire, code: ApiErrorCode): number => (wire === 'tei' ? TEI_ERRORS : API_ERRORS)[code].status;

const nameOf = (wire: Wire, status: number): string => `${wire}-${status}`;

/** The error answers of all wires, as components of the document: one a status, with all of its codes. */
export function buildErrorAnswers(wires: ReadonlySet<Wire>): Record<string, object> {
  const codes = Object.keys(API_ERRORS) as ApiErrorCode[];
  const answers = [...wires].flatMap((wire) =>
    [...new Set(codes.map((code) => statusOf(wire, code)))].sort().map((status) => {
      const names = codes.filter((code) => statusOf(wire, code) === status);
      return [nameOf(wire, status), toErrorAnswer(wire, status, names)] as const;
    }),
  );
  return Object.fromEntries(answers);
}

function toErrorAnswer(wire: Wire, status: number, codes: readonly ApiErrorCode[]): object {
  const headers = ['X-Request-Id', ...(HEADERS_OF_STATUS[status] ?? [])];
  return {
    description: `${[...new Set(codes.map((code) => API_ERRORS[code].error))].join(', ')} (${codes.join(', ')})`,
    headers: Object.fromEntries(headers.map((name) => [name, { $ref: `#/components/headers/${name}` }])),
    content: { 'application/json': { schema: schemaOf(BODIES[wire]) } },
  };
}
