import type { PredictRequest, PredictResponse } from './prediction.js';

/** How words are given their scores. */
export const EXPLANATION_METHODS = ['integrated_gradients', 'occlusion', 'lime', 'shap'] as const;
export type ExplanationMethod = (typeof EXPLANATION_METHODS)[number];

/** Body of `POST /explain`. */
export interface ExplainRequest extends PredictRequest {
  /** Default `integrated_gradients`. */
  readonly method?: ExplanationMethod;
}

export interface WordAttribution {
  readonly word: string;
  /** Unicode code points from the start of the text: in Python `text[start:end]`, in JavaScript `[...text].slice(start, end).join('')`. */
  readonly start: number;
  readonly end: number;
  /** What the word adds to the log-odds of the positive sentiment. */
  readonly score: number;
}

/** Answer of `POST /explain`: what `/predict` answers, and why. */
export interface ExplainResponse extends PredictResponse {
  readonly method: ExplanationMethod;
  readonly attributions: readonly WordAttribution[];
  /** |sum of the scores − (log-odds of the text − log-odds of the method's baseline)| */
  readonly completeness_gap: number;
  readonly steps: number;
  readonly converged: boolean;
  /** Tokens that were run through the model. */
  readonly cost: number;
}
