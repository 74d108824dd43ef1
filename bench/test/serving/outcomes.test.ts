import { describe, expect, it } from 'vitest';

import type { Sample } from '../../src/serving/load-protocol.js';
import { countOutcomes, latencies } from '../../src/serving/outcomes.js';

const sample = (status: number, failure?: string): Sample => ({
  exchange: 0,
  atMs: 0,
  latencyMs: status,
  status,
  ...(failure !== undefined && { failure }),
});

describe('countOutcomes', () => {
  it('tells what was refused by nobody from what was accepted and failed', () => {
    const samples = [
      sample(200),
      sample(200),
      sample(503),
      sample(500),
      sample(429),
      sample(0, 'ECONNREFUSED'),
      sample(0, 'ECONNRESET'),
      sample(0, 'ECONNRESET'),
    ];
    expect(countOutcomes(samples)).toEqual({
      answered: 2,
      refused: 1,
      serverErrors: 1,
      others: 1,
      unconnected: 1,
      failed: 2,
      oddities: '1 × 500, 1 × 429, 2 × ECONNRESET',
    });
  });
});

describe('latencies', () => {
  it('are those of one status', () => expect(latencies([sample(200), sample(503)], 503)).toEqual([503]));
});
