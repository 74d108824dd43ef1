import { BenchError } from '../bench-error.js';
import type { BenchContext } from './scenario.js';

const TRIES = 3;

/**
 * Measures again what a neighbor of a shared machine has disturbed: a server that gets no processor for seconds refuses requests, as it should, and a speed
 * is not measured over refusals. The report tells of each. Throws what the last try threw.
 */
export async function undisturbed<Result>(
  { say, disturbances }: BenchContext,
  measure: () => Promise<Result>,
): Promise<Result> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await measure();
    } catch (error) {
      if (!(error instanceof BenchError) || tries === TRIES) throw error;
      disturbances.push(error.message);
      say(`measured again: ${error.message}`);
    }
  }
}
