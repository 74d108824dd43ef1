import type { ApiErrorCode } from '@marquee/contracts';
import { ApiError } from '../http/api-error.js';

const FAILURES = [
  'EXPLANATION_FAILED',
  'EXPLANATION_UNAVAILABLE',
  'MODEL_NOT_LOADED',
  'QUEUE_FULL',
  'SHUTTING_DOWN',
  'DEADLINE_EXCEEDED',
  'INTERNAL',
] as const satisfies readonly ApiErrorCode[];

/** How an explanation ends: as the code of its error, when it has one. */
export const EXPLANATION_OUTCOMES = ['succeeded', 'client_gone', ...FAILURES.map(toLabel)] as const;
export type ExplanationOutcome = 'succeeded' | 'client_gone' | Lowercase<(typeof FAILURES)[number]>;

/** Of what was thrown, or of the reason why an answer came too late; `signal` is that of the request. */
export function outcomeOf(reason: unknown, signal: AbortSignal): ExplanationOutcome {
  const failure = reason instanceof ApiError ? FAILURES.find((code) => code === reason.code) : undefined;
  if (failure !== undefined) return toLabel(failure);
  return signal.aborted ? 'client_gone' : 'internal';
}

function toLabel<Code extends string>(code: Code): Lowercase<Code> {
  return code.toLowerCase() as Lowercase<Code>; // the same at run time
}
