import { expect, test } from 'vitest';
import * as contracts from '../src/index.js';

test('the public names of the package are these', () => {
  expect(Object.keys(contracts).sort()).toEqual([
    'API_ERRORS',
    'EXPLANATION_METHODS',
    'INT8_GUARDS',
    'LIMITS',
    'MODEL_KINDS',
    'SENTIMENTS',
    'STAGES',
    'TEI_ERRORS',
    'TEI_ERROR_TYPES',
  ]);
});

test('a largest legal body fits its limit when every character is escaped as a surrogate pair', () => {
  const review = '\\ud83d\\ude00'.repeat(contracts.LIMITS.maxReviewCharacters);
  const single = Buffer.byteLength(`{"text":"${review}"}`);
  const batch = single + (Buffer.byteLength(review) + 3) * (contracts.LIMITS.maxBatchReviews - 1) + 64;
  expect(single).toBeLessThan(contracts.LIMITS.maxSingleBodyBytes);
  expect(batch).toBeLessThan(contracts.LIMITS.maxBatchBodyBytes);
});

test('every error has a status of 4xx or 5xx and a name', () => {
  for (const { status, error } of Object.values(contracts.API_ERRORS)) {
    expect(status).toBeGreaterThanOrEqual(400);
    expect(status).toBeLessThan(600);
    expect(error).toMatch(/^[A-Z][a-z ]+$/);
  }
});
