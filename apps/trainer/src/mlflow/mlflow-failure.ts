const SILENCES = new Set(['TimeoutError', 'ConnectTimeoutError']);

/** Whether nothing answered, so that asking again would only cost the same time again. */
export const isSilence = (error: unknown): boolean =>
  error instanceof Error && (SILENCES.has(error.name) || isSilence(error.cause));

/** Why a request failed, in words that follow a colon. */
export function reasonOf(error: unknown): string {
  if (isSilence(error)) return 'it does not answer in time';
  if (!(error instanceof Error)) return String(error);
  if (error.cause instanceof Error) return reasonOf(error.cause);
  // Of a host with several addresses, each of which refused, only the first error has a message.
  if (error instanceof AggregateError && error.message === '') return reasonOf(error.errors[0]);
  return error.message;
}
