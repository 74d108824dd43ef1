import type { IncomingMessage } from 'node:http';
import { ApiError } from './api-error.js';

/** The least that a request may ask for. */
const MIN_TIMEOUT_MS = 1_000;

/** The time that a request has, in ms: `maxMs`, or less when `X-Request-Timeout-Ms` asks for less. Throws ApiError INVALID_HEADER. */
export function timeoutOf({ headers }: IncomingMessage, maxMs: number): number {
  const asked = headers['x-request-timeout-ms'];
  if (asked === undefined) return maxMs;
  const timeoutMs = typeof asked === 'string' && /^\d+$/.test(asked) ? Number(asked) : NaN;
  if (timeoutMs >= MIN_TIMEOUT_MS) return Math.min(timeoutMs, maxMs);
  throw new ApiError('INVALID_HEADER', `X-Request-Timeout-Ms must be an integer of at least ${MIN_TIMEOUT_MS}`);
}

/**
 * Does the work under the signal of `over`, which is aborted when the deadline passes. Throws ApiError DEADLINE_EXCEEDED at the
 * deadline, whether or not the work heeds its signal.
 */
export async function beforeDeadline<Value>(
  deadlineMs: number,
  over: AbortController,
  work: (signal: AbortSignal) => Promise<Value>,
): Promise<Value> {
  return new Promise<Value>((resolve, reject) => {
    const timer = setTimeout(() => {
      const error = deadlineExceeded();
      over.abort(error);
      reject(error);
    }, deadlineMs - performance.now());
    work(over.signal)
      .then(resolve, reject)
      .finally(() => clearTimeout(timer));
  });
}

export function deadlineExceeded(): ApiError {
  return new ApiError('DEADLINE_EXCEEDED', 'The answer was not ready in time: the work was given up');
}
