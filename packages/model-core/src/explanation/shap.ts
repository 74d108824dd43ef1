import type { RandomGenerator } from 'pure-rand/types/RandomGenerator';

import type { Scores } from './explanation.js';
import { deadlineExceeded, type Meter } from './meter.js';
import { shuffle } from './shuffle.js';
import type { ValueOf } from './subject.js';

/**
 * Shapley values by permutation sampling (Castro et al. 2009): words enter an empty review in a random order and then in its reverse, and each is given what it adds; means
 * over orders. The scores of every order sum to the change of the log-odds, and one order with its reverse is exact where no more than two words work together. As many
 * pairs of orders as `samples` runs allow, at least one. Throws `DEADLINE_EXCEEDED` when time is up within the first order.
 */
export async function shap(
  wordCount: number,
  valueOf: ValueOf,
  meter: Meter,
  { samples, random }: { readonly samples: number; readonly random: RandomGenerator },
): Promise<Scores> {
  const nothing = await valueOf(new Uint8Array(wordCount));
  const whole = await valueOf(new Uint8Array(wordCount).fill(1));
  const logitChange = whole - nothing;
  const sums = new Float64Array(wordCount);
  const order = Uint32Array.from({ length: wordCount }, (_, word) => word);
  let steps = 2;
  let orders = 0;
  const wanted = 2 * Math.max(1, Math.floor(samples / Math.max(1, 2 * (wordCount - 1))));
  const scores = (converged: boolean): Scores => {
    return { scores: sums.map((sum) => sum / Math.max(1, orders)), logitChange, steps, converged };
  };

  while (wordCount > 0 && orders < wanted) {
    if (orders % 2 === 0) shuffle(order, random);
    else order.reverse();
    const added = new Float64Array(wordCount);
    const kept = new Uint8Array(wordCount);
    let before = nothing;
    for (const [place, word] of order.entries()) {
      kept[word] = 1;
      const isLast = place === wordCount - 1;
      if (!isLast && (await meter.isOver())) {
        if (orders === 0) throw deadlineExceeded(`${place} of ${wordCount} words`);
        return scores(false);
      }
      const after = isLast ? whole : await valueOf(kept);
      if (!isLast) steps++;
      added[word] = after - before;
      before = after;
    }
    added.forEach((value, word) => void (sums[word]! += value)); // as many words
    orders++;
  }
  return scores(true);
}
