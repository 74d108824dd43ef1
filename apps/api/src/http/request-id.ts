import { randomUUID } from 'node:crypto';

const SANE_ID = /^[\w.:-]{1,64}$/;

/** The client's `X-Request-Id` when it is a short token that a log can hold as it is, else one of our own. */
export function requestIdFrom(header: string | readonly string[] | undefined): string {
  return typeof header === 'string' && SANE_ID.test(header) ? header : randomUUID();
}
