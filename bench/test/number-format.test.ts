import { describe, expect, it } from 'vitest';

import { formatGigabytes, formatNumber, formatRatio, formatSpread } from '../src/number-format.js';

describe('number formats', () => {
  it('show three significant digits, and whole numbers from 100 on', () => {
    expect([0.5, 7.126, 28.64, 505.2, 1846].map(formatNumber)).toEqual(['0.50', '7.13', '28.6', '505', '1846']);
  });

  it('show a dash for what was not measured', () => {
    expect([formatNumber(NaN), formatRatio(NaN), formatGigabytes(-Infinity)]).toEqual(['—', '—', '—']);
  });

  it('show spreads, ratios and decimal gigabytes', () => {
    expect(formatSpread({ median: 5, low: 1, high: 12.34 })).toBe('1.00–12.3');
    expect(formatRatio(1.256)).toBe('1.26 ×');
    expect(formatGigabytes(5_740_000_000)).toBe('5.74');
  });
});
