import type { Prediction } from '../planner/review-plan.js';

/** How words are given their scores; see docs/explanation.md. */
export const EXPLANATION_METHODS = ['integrated_gradients', 'occlusion', 'lime', 'shap'] as const;
export type ExplanationMethod = (typeof EXPLANATION_METHODS)[number];

export interface WordAttribution {
  readonly word: string;
  /** UTF-16 units from the start of the text, as in `text.slice(start, end)`. */
  readonly start: number;
  readonly end: number;
  /** What the word adds to the log-odds of the positive label; below 0 it speaks for the negative one. */
  readonly score: number;
}

export interface Explanation {
  /** What the model answers, as `Classifier.predict` gives it. */
  readonly prediction: Prediction;
  readonly method: ExplanationMethod;
  /** Every word of the text in order; 0 for words that the model does not read. */
  readonly attributions: readonly WordAttribution[];
  /** Log-odds of the text minus those of the method's baseline: what the scores divide. */
  readonly logitChange: number;
  /** |Σ score − logitChange| */
  readonly completenessGap: number;
  /** Steps of the integral, or runs of the model on a changed text. */
  readonly steps: number;
  /** Whether the method did all that it set out to do: the integral closed its gap, every word was left out, all samples were drawn. */
  readonly converged: boolean;
  /** Tokens that were run through the model, all runs together. */
  readonly cost: number;
}

export interface ExplainOptions {
  /** Default `integrated_gradients`. */
  readonly method?: ExplanationMethod | undefined;
  /** Looked at between runs; the explanation then rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** After this time no run is started: the estimate so far is returned, not converged. Default 30 s. */
  readonly timeoutMs?: number | undefined;
  /** Called after each run with its tokens, which add up to `cost`: what one that fails or is aborted has taken is told by nothing else. */
  readonly onTokens?: ((tokens: number) => void) | undefined;
  /** Of the masks of `lime` and the orders of `shap`: an unsigned 32-bit integer. Default 42. */
  readonly seed?: number | undefined;
  /** Runs of `lime`, and of `shap` at least one order and its reverse. Default 512. */
  readonly samples?: number | undefined;
  /** Part of |logitChange| that the gap of `integrated_gradients` may be, and at least 0.01 of it. Default 0.01. */
  readonly tolerance?: number | undefined;
  /** Most steps of `integrated_gradients`. Default 256. */
  readonly maxSteps?: number | undefined;
}

/** What a method gives of a review's words. */
export interface Scores {
  /** [words] */
  readonly scores: Float64Array;
  readonly logitChange: number;
  readonly steps: number;
  readonly converged: boolean;
}
