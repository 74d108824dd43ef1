interface Backoff {
  readonly minBackoffMs: number;
  readonly maxBackoffMs: number;
}

interface FailedTry {
  /** 0 for the first. */
  readonly attempt: number;
  /** The header, when the answer had it. */
  readonly retryAfter: string | null;
  /** Milliseconds since the epoch. */
  readonly nowMs: number;
  /** From 0 to 1. */
  readonly random: number;
}

/**
 * How long to wait after a try that failed, in ms: what the server said (RFC 9110, 10.2.3), else a random part of a bound that
 * doubles with each try ("full jitter": https://aws.amazon.com/builders-library/timeouts-retries-and-backoff-with-jitter/).
 */
export function retryDelayMs(
  { attempt, retryAfter, nowMs, random }: FailedTry,
  { minBackoffMs, maxBackoffMs }: Backoff,
): number {
  const asked = parseRetryAfter(retryAfter, nowMs);
  return asked ?? random * Math.min(minBackoffMs * 2 ** attempt, maxBackoffMs);
}

/** `Date.parse` alone would take "-1" for a year. */
const HTTP_DATE = /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/;

/** Seconds, or a date. Undefined for anything else. */
function parseRetryAfter(header: string | null, nowMs: number): number | undefined {
  if (header === null) return undefined;
  if (/^\d{1,9}$/.test(header)) return Number(header) * 1000;
  const dateMs = HTTP_DATE.test(header) ? Date.parse(header) : NaN;
  return Number.isNaN(dateMs) ? undefined : Math.max(0, dateMs - nowMs);
}
