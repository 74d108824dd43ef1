import type { RandomGenerator } from 'pure-rand/types/RandomGenerator';

import type { Scores } from './explanation.js';
import { deadlineExceeded, type Meter } from './meter.js';
import { fitRidge } from './ridge.js';
import { integerBelow, shuffle } from './shuffle.js';
import type { ValueOf } from './subject.js';

/** Of the exponential kernel on 100 times the cosine distance, and the ridge's penalty: those of the reference implementation. */
const KERNEL_WIDTH = 25;
const RIDGE_PENALTY = 1;
/** Fewer say nothing. */
const FEWEST_SAMPLES = 16;

/**
 * LIME for texts (Ribeiro et al. 2016; https://github.com/marcotcr/lime): a weighted ridge regression of the log-odds on which words are left, over reviews from which a
 * random number of random words is taken. The scores are its coefficients, which need not sum to the change of the log-odds. Throws `DEADLINE_EXCEEDED` when time is up
 * before 16 samples.
 */
export async function lime(
  wordCount: number,
  valueOf: ValueOf,
  meter: Meter,
  { samples, random }: { readonly samples: number; readonly random: RandomGenerator },
): Promise<Scores> {
  const nothing = await valueOf(new Uint8Array(wordCount));
  const masks = [new Uint8Array(wordCount).fill(1)];
  const values = [await valueOf(masks[0]!)]; // the mask of the whole review
  const order = Uint32Array.from({ length: wordCount }, (_, word) => word);
  let isWhole = true;
  while (wordCount > 0 && masks.length < samples) {
    if (await meter.isOver()) {
      if (masks.length < FEWEST_SAMPLES) throw deadlineExceeded(`${masks.length} of ${samples} samples`);
      isWhole = false;
      break;
    }
    shuffle(order, random);
    const mask = new Uint8Array(wordCount).fill(1);
    for (const word of order.subarray(0, 1 + integerBelow(wordCount, random))) mask[word] = 0;
    masks.push(mask);
    values.push(await valueOf(mask));
  }
  const weights = masks.map((mask) => kernel(mask.reduce((sum, kept) => sum + kept, 0) / wordCount));
  const scores = fitRidge({ rows: masks, targets: values, weights }, RIDGE_PENALTY);
  return { scores, logitChange: values[0]! - nothing, steps: masks.length + 1, converged: isWhole };
}

/** √exp(−d² / width²), d being 100 times the cosine distance between a review and the part of it that is left: 1 − √part. */
function kernel(part: number): number {
  const distance = 100 * (1 - Math.sqrt(part));
  return Math.sqrt(Math.exp(-((distance / KERNEL_WIDTH) ** 2)));
}
