import { TrainerError } from './trainer-error.js';

/** What each class's reviews count for in the loss, negative first. */
export type ClassWeights = readonly [number, number];

const NUMBERS = /^(\d+(?:\.\d+)?),(\d+(?:\.\d+)?)$/;

/**
 * Weights for `--class-weights`: none, two given numbers, or those that make both classes count alike, n / (2 · n of the class), as scikit-learn's
 * `balanced`. Throws `INVALID_OPTION` for anything else.
 */
export function resolveClassWeights(option: string, labels: ArrayLike<number>): ClassWeights | undefined {
  if (option === 'none') return undefined;
  if (option === 'balanced') {
    const positives = Array.from(labels).filter((label) => label === 1).length;
    return [labels.length / (2 * (labels.length - positives)), labels.length / (2 * positives)];
  }
  const [negative, positive] = (NUMBERS.exec(option) ?? []).slice(1).map(Number);
  if (negative !== undefined && positive !== undefined && negative > 0 && positive > 0) return [negative, positive];
  throw new TrainerError(
    'INVALID_OPTION',
    `--class-weights: expected none, balanced or two numbers above 0 as in 0.8,1.25 (negative first), got ${JSON.stringify(option)}`,
  );
}
