import type { BlendRule } from '@marquee/model-core';

import { crossFitBlend, fitBlend, type MemberLogits } from './blend-weights.js';
import type { BlendOptions } from './blend-options.js';
import { type CascadeChoice, chooseThreshold } from './cascade-threshold.js';

/** All that is fitted on the validation reviews. */
export interface FittedCascade {
  /** Fitted on all of them. */
  readonly blend: BlendRule;
  readonly cascade: CascadeChoice;
  /** What each member says of them, and what `blend` and `cascade` say under weights that were fitted on the other folds. */
  readonly logits: MemberLogits;
}

/** Fits weights and threshold on what the members say of the validation reviews; the linear model is among them as `linear`. */
export function fitCascade(
  members: MemberLogits & { readonly linear: Float64Array },
  labels: ArrayLike<number>,
  { folds, seed, maxAccuracyLoss }: Pick<BlendOptions, 'folds' | 'seed' | 'maxAccuracyLoss'>,
): FittedCascade {
  const { linear } = members;
  const blend = crossFitBlend(members, labels, folds, seed);
  const cascade = chooseThreshold({ labels, linear, blend }, maxAccuracyLoss);
  const answers = blend.map((logit, row) => {
    const sure = linear[row] ?? NaN;
    return Math.abs(sure) >= cascade.threshold ? sure : logit;
  });
  return { blend: fitBlend(members, labels), cascade, logits: { ...members, blend, cascade: answers } };
}
