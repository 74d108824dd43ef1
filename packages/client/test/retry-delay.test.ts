import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { retryDelayMs } from '../src/retry-delay.js';

const BACKOFF = { minBackoffMs: 100, maxBackoffMs: 1000 };
const NOW_MS = Date.parse('2026-01-01T00:00:00Z');
const failedTry = (retryAfter: string | null, attempt = 0, random = 1) => ({
  attempt,
  retryAfter,
  nowMs: NOW_MS,
  random,
});

describe('the wait before a retry', () => {
  test('is what Retry-After says, in seconds or as a date, however long', () => {
    expect(retryDelayMs(failedTry('7'), BACKOFF)).toBe(7000);
    expect(retryDelayMs(failedTry('3600'), BACKOFF)).toBe(3_600_000);
    expect(retryDelayMs(failedTry('Thu, 01 Jan 2026 00:00:02 GMT'), BACKOFF)).toBe(2000);
    expect(retryDelayMs(failedTry('Wed, 31 Dec 2025 23:00:00 GMT'), BACKOFF)).toBe(0);
  });

  test.each([null, '', 'soon', '-1'])(
    'doubles with each try, up to the bound, when Retry-After is %j',
    (retryAfter) => {
      const delays = [0, 1, 2, 3, 4, 50].map((attempt) => retryDelayMs(failedTry(retryAfter, attempt), BACKOFF));
      expect(delays).toEqual([100, 200, 400, 800, 1000, 1000]);
    },
  );

  test('is a random part of it', () => {
    fc.assert(
      fc.property(fc.nat(60), fc.double({ min: 0, max: 1, noNaN: true }), (attempt, random) => {
        const delay = retryDelayMs(failedTry(null, attempt, random), BACKOFF);
        return delay >= 0 && delay <= 1000;
      }),
    );
  });
});
