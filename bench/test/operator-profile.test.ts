import { describe, expect, it } from 'vitest';

import { summarizeTrace } from '../src/operator-profile.js';

const run = (ts: number, dur: number) => ({ cat: 'Session', name: 'model_run', ts, dur });
const kernel = (operator: string, ts: number, dur: number) => ({
  cat: 'Node',
  name: `${operator}_7_kernel_time`,
  ts,
  dur,
  args: { op_name: operator },
});

describe('summarizeTrace', () => {
  it('means kernels by operator over the last runs, longest first', () => {
    const trace = [
      run(0, 90_000),
      kernel('Gemm', 10, 80_000),
      run(100_000, 10_000),
      kernel('Mul', 100_001, 1000),
      kernel('Gemm', 101_000, 6000),
      run(200_000, 12_000),
      kernel('Mul', 200_001, 3000),
      kernel('Gemm', 203_000, 4000),
      kernel('Gemm', 207_000, 4000),
      kernel('Loop', 203_000, 8500), // around the two before
      { cat: 'Session', name: 'model_loading_array', ts: 0, dur: 5 },
    ];
    expect(summarizeTrace(trace, 2)).toEqual({
      operators: [
        { operator: 'Gemm', callsPerRun: 1.5, msPerRun: 7 },
        { operator: 'Mul', callsPerRun: 1, msPerRun: 2 },
      ],
      runMs: 11,
    });
  });
});
