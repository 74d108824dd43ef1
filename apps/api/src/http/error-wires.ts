import { API_ERRORS, TEI_ERRORS } from '@marquee/contracts';
import type { ErrorResponse, TeiErrorResponse } from '@marquee/contracts';
import type { Wire } from '../routes/route.js';
import type { ApiError } from './api-error.js';

/** An error as it goes over the wire. */
export interface ErrorAnswer {
  readonly status: number;
  readonly body: object;
}

type WriteError = (error: ApiError, requestId: string) => ErrorAnswer;

/** How an error is written, by wire. */
export const ERROR_WIRES: Readonly<Record<Wire, WriteError>> = {
  native: (error, requestId) => {
    const { code, status, message } = error;
    const body: ErrorResponse = { error: API_ERRORS[code].error, detail: message, code, request_id: requestId };
    return { status, body };
  },
  tei: ({ code, message }) => {
    const { status, error_type } = TEI_ERRORS[code];
    const body: TeiErrorResponse = { error: message, error_type };
    return { status, body };
  },
  v2: ({ status, message }) => ({ status, body: { error: message } }),
};

/** The wire of a request that met no route: a path that there is not, or another method. */
export function wireOfPath(path: string): Wire {
  if (/^\/tei(?:\/|$)/.test(path)) return 'tei';
  if (/^\/v2(?:\/|$)/.test(path)) return 'v2';
  return 'native';
}
