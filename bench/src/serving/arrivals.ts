/**
 * When the requests of independent users arrive: milliseconds from the start, with exponential gaps. What the server does has no part in it, so that a
 * slow one cannot thin out its own load. `uniform` draws from [0, 1).
 */
export function* poissonArrivals(
  ratePerSecond: number,
  seconds: number,
  uniform: () => number,
): Generator<number, void> {
  const meanGapMs = 1000 / ratePerSecond;
  for (let atMs = gap(meanGapMs, uniform); atMs < 1000 * seconds; atMs += gap(meanGapMs, uniform)) yield atMs;
}

// -log(1 - u), since u may be 0 but is never 1.
const gap = (meanMs: number, uniform: () => number): number => -meanMs * Math.log1p(-uniform());
