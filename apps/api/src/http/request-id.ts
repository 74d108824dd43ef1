import { randomUUID } from 'node:crypto';

const SANE_ID = /^[\w.:-]{1,64}$/;

/** Somebody may have put a key there by mistake. */
const KEY = /mq_[\da-f]{12}_/;

export const newRequestId = (): string => randomUUID();

/** The client's `X-Request-Id` when it is a short token that a log can hold as it is, else one of our own. */
export function requestIdFrom(header: string | readonly string[] | undefined): string {
  return typeof header === 'string' && SANE_ID.test(header) && !KEY.test(header) ? header : newRequestId();
}
