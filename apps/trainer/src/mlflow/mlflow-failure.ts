import { reasonOf } from '../network-failure.js';

const SILENCES = new Set(['TimeoutError', 'ConnectTimeoutError']);

/** Whether nothing answered, so that asking again would only cost the same time again. */
export const isSilence = (error: unknown): boolean =>
  error instanceof Error && (SILENCES.has(error.name) || isSilence(error.cause));

/** Why a request failed, in words that follow a colon. */
export const describeFailure = (error: unknown): string =>
  isSilence(error) ? 'it does not answer in time' : reasonOf(error);
