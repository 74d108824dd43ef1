import { afterEach, describe, expect, test, vi } from 'vitest';
import { Admission } from '../../src/inference/admission.js';
import type { Arrival, Backlog } from '../../src/inference/admission.js';

const ARRIVAL: Arrival = { priority: 'single', reviews: 1, tokens: 100, workMs: 20, timeLeftMs: 30_000 };
const BACKLOG: Backlog = { reviews: 10, tokens: 1000, waitMs: 0, runMs: 40, planWaitMs: 0 };

function isLetIn(admission: Admission, backlog: Partial<Backlog>, arrival: Partial<Arrival> = {}): boolean {
  return retryAfterOf(admission, backlog, arrival) === undefined;
}

function retryAfterOf(
  admission: Admission,
  backlog: Partial<Backlog>,
  arrival: Partial<Arrival> = {},
): string | undefined {
  try {
    admission.admit({ ...ARRIVAL, ...arrival }, { ...BACKLOG, ...backlog });
    return undefined;
  } catch (error) {
    expect(error).toMatchObject({ code: 'QUEUE_FULL', status: 503 });
    return (error as { headers: Record<string, string> }).headers['Retry-After'];
  }
}

describe('admission', () => {
  test('lets a burst wait for twenty runs', () => {
    const admission = new Admission();
    expect(isLetIn(admission, { waitMs: 800 })).toBe(true);
    expect(isLetIn(admission, { waitMs: 801 })).toBe(false);
  });

  test('holds the wait at three runs once a burst was too long, until the queue has drained', () => {
    const admission = new Admission();
    expect(isLetIn(admission, { waitMs: 801 })).toBe(false);
    expect(isLetIn(admission, { waitMs: 121 })).toBe(false);
    expect(isLetIn(admission, { waitMs: 120 })).toBe(true);
    expect(isLetIn(admission, { waitMs: 121 })).toBe(false);
    expect(isLetIn(admission, { waitMs: 40 })).toBe(true); // drained: one run or less
    expect(isLetIn(admission, { waitMs: 121 })).toBe(true);
  });

  test('lets batches wait for seconds, whatever singles do', () => {
    const admission = new Admission();
    expect(isLetIn(admission, { waitMs: 9_000 })).toBe(false);
    expect(isLetIn(admission, { waitMs: 9_000 }, { priority: 'batch', reviews: 32 })).toBe(true);
    expect(isLetIn(admission, { waitMs: 10_001 }, { priority: 'batch', reviews: 32 })).toBe(false);
  });

  test('refuses what could not start before its deadline', () => {
    const admission = new Admission();
    expect(isLetIn(admission, { waitMs: 500 }, { timeLeftMs: 499 })).toBe(false);
    expect(isLetIn(admission, { waitMs: 500 }, { timeLeftMs: 500 })).toBe(true);
  });

  test('bounds reviews and tokens, but never refuses the first', () => {
    const admission = new Admission({ maxReviews: 20, maxTokens: 2000 });
    expect(isLetIn(admission, { reviews: 19 })).toBe(true);
    expect(isLetIn(admission, { reviews: 20 })).toBe(false);
    expect(isLetIn(admission, { tokens: 1900 })).toBe(true);
    expect(isLetIn(admission, { tokens: 1901 })).toBe(false);
    expect(isLetIn(admission, { reviews: 0, tokens: 0 }, { reviews: 32, tokens: 16_384 })).toBe(true);
  });

  test('sends the refused away until there would be room, the later ones for longer', () => {
    const admission = new Admission();
    expect(retryAfterOf(admission, { waitMs: 1400 }, { workMs: 3000 })).toBe('2');
    expect(retryAfterOf(admission, { waitMs: 1400 }, { workMs: 3000 })).toBe('5'); // 1.4 s, and 3 s of the one before
    expect(retryAfterOf(admission, { waitMs: 1400 }, { workMs: 60_000 })).toBe('8');
    expect(retryAfterOf(admission, { waitMs: 1400 })).toBe('30'); // at most
  });
});

describe('work that is judged once it is planned', () => {
  afterEach(() => void vi.useRealTimers());

  function isLetInToPlan(admission: Admission, planWaitMs: number): boolean {
    try {
      admission.admitToPlan(ARRIVAL, { ...BACKLOG, waitMs: 60_000, planWaitMs });
      return true;
    } catch (error) {
      expect(error).toMatchObject({ code: 'QUEUE_FULL' });
      return false;
    }
  }

  test('is let in by its wait to be planned, which may be longer in a burst', () => {
    const admission = new Admission();
    expect(isLetInToPlan(admission, 100)).toBe(true);
    expect(isLetInToPlan(admission, 101)).toBe(false);
    expect(isLetInToPlan(admission, 21)).toBe(false);
    expect(isLetInToPlan(admission, 20)).toBe(true);
  });

  test('has no other burst until nobody was refused for a second', () => {
    vi.useFakeTimers({ toFake: ['performance'] });
    const admission = new Admission();
    expect(isLetInToPlan(admission, 101)).toBe(false);
    expect(isLetInToPlan(admission, 0)).toBe(true); // empty for a moment
    expect(isLetInToPlan(admission, 21)).toBe(false);
    vi.advanceTimersByTime(1_000);
    expect(isLetInToPlan(admission, 21)).toBe(false); // still behind
    vi.advanceTimersByTime(1_000);
    expect(isLetInToPlan(admission, 0)).toBe(true);
    expect(isLetInToPlan(admission, 100)).toBe(true);
  });
});
