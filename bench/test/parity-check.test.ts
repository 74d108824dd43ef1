import { describe, expect, it } from 'vitest';

import { absoluteError, isPassed, relativeError } from '../src/parity-check.js';

describe('errors of a comparison', () => {
  it('are the largest difference', () => expect(absoluteError([1, 2, 3.5], [1, 2.25, 3])).toBe(0.5));
  it('are relative to the largest expected magnitude', () => expect(relativeError([1, -8.5], [1, -8])).toBe(0.0625));

  it('are NaN for another length and for NaN on either side', () => {
    expect(absoluteError([1], [1, 2])).toBeNaN();
    expect(absoluteError([NaN], [1])).toBeNaN();
    expect(relativeError([1], [NaN])).toBeNaN();
  });
});

describe('isPassed', () => {
  it('holds up to the limit, not beyond', () => {
    expect([0.5, 1, 1.5].map((error) => isPassed({ subject: 'x', error, limit: 1 }))).toEqual([true, true, false]);
  });

  it('does not hold for NaN', () => expect(isPassed({ subject: 'x', error: NaN, limit: 1 })).toBe(false));
  it('holds where there is no limit', () => expect(isPassed({ subject: 'x', error: 9 })).toBe(true));
});
