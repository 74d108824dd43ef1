import { expect } from 'vitest';

export interface CloseOptions {
  /** Largest difference, as a part of the largest expected magnitude: one scale a tensor, since single elements may be near 0. */
  readonly tolerance: number;
  /** Least scale, for tensors that are expected to be all but zero. Default 1e-6. */
  readonly leastScale?: number;
  readonly label?: string;
}

/** The one tolerance of these tests. Infinities have to match exactly, and NaN matches nothing. */
export function expectClose(actual: ArrayLike<number>, expected: ArrayLike<number>, options: CloseOptions): void {
  const { tolerance, leastScale = 1e-6, label = 'values' } = options;
  expect(actual.length, `${label}: number of elements`).toBe(expected.length);
  const finite = Array.from(expected).filter(Number.isFinite);
  const scale = finite.reduce((peak, value) => Math.max(peak, Math.abs(value)), leastScale);
  for (let i = 0; i < expected.length; i += 1) {
    const [ours, theirs] = [actual[i] ?? NaN, expected[i] ?? NaN];
    if (ours === theirs || Math.abs(ours - theirs) <= tolerance * scale) continue;
    expect.fail(`${label}[${i}]: expected ${theirs} within ${tolerance} of ${scale}, got ${ours}`);
  }
}
