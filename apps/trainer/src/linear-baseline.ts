import {
  decodeLinearModel,
  encodeLinearModel,
  fitLinearModel,
  type FitOptions,
  type LinearModel,
  scoreText,
} from '@marquee/linear';
import type { Review } from '@marquee/dataset';

import { calibrate, type Calibration } from './calibration.js';

/** Its name beside the graphs in the metrics of a training. */
export const LINEAR_BASELINE = 'linear baseline';

type LabeledReviews = readonly Pick<Review, 'text' | 'label'>[];

/** A linear model as it is stored: the bytes of its file, and what they say. */
export interface LinearBaseline {
  readonly bytes: Uint8Array;
  readonly model: LinearModel;
  /** The temperature that its logits were divided by. */
  readonly calibration: Calibration;
}

/**
 * Fits the linear model that a report names beside the trained one (see `fitLinearModel`), half a minute for 25,000 reviews, and calibrates it on the validation
 * reviews. Undefined where the training reviews have one label alone.
 */
export function fitLinearBaseline(
  train: LabeledReviews,
  validation: LabeledReviews | undefined,
  options: FitOptions,
): LinearBaseline | undefined {
  const labels = labelsOf(train);
  if (new Set(labels).size < 2) return undefined;
  const texts = train.map(({ text }) => text);
  const fitted = fitLinearModel(texts, labels, options);
  const margins = validation && { labels: labelsOf(validation), margins: linearLogits(fitted, validation) };
  const calibration = calibrate(margins);
  const { temperature } = calibration;
  const weights = fitted.weights.map((weight) => weight / temperature);
  const bytes = encodeLinearModel({ ...fitted, weights, bias: fitted.bias / temperature });
  return { bytes, model: decodeLinearModel(bytes), calibration };
}

/** Log-odds of the positive label. */
export const linearLogits = (model: LinearModel, reviews: readonly Pick<Review, 'text'>[]): Float64Array =>
  Float64Array.from(reviews, ({ text }) => scoreText(model, text));

export const labelsOf = (reviews: readonly Pick<Review, 'label'>[]): Uint8Array =>
  Uint8Array.from(reviews, ({ label }) => label);
