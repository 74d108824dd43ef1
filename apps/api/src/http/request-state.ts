import type { IncomingMessage } from 'node:http';
import type { ApiErrorCode } from '@marquee/contracts';
import type { Principal, Route } from '../routes/route.js';

/** What is known of a request while it is served, beside what it says itself. */
export interface RequestState {
  readonly id: string;
  /** On the clock of `performance.now()`. */
  readonly startMs: number;
  /** The client's address, as far as it is known. */
  readonly client: string;
  /** The row that serves it; undefined before it is found, and for what is no route of the API. */
  route?: Route;
  /** Who asks; undefined before that is known. */
  principal?: Principal;
  /** The error that was answered, if one was. */
  errorCode?: ApiErrorCode;
}

const states = new WeakMap<IncomingMessage, RequestState>();

export function beginRequest(request: IncomingMessage, state: RequestState): void {
  states.set(request, state);
}

/** Throws when the request was not begun, which is a bug. */
export function stateOf(request: IncomingMessage): RequestState {
  const state = states.get(request);
  if (state === undefined) throw new Error('bug: a request is served that was not begun');
  return state;
}
