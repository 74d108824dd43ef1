import type { Explanation, ExplanationMethod } from '@marquee/model-core';
import type { Due } from '../inference/inference-service.js';

export interface ExplanationRequest extends Due {
  readonly text: string;
  readonly method: ExplanationMethod;
  /** Awaited with the tokens that were run for it, however it ends; not called when there is nothing to tell. */
  readonly charge: (tokens: number) => Promise<void>;
}

export interface ServedExplanation extends Explanation {
  /** Version of the model that was explained. */
  readonly modelVersion: string;
}

/** Told of what happens, for metrics; none of it may throw. */
export interface ExplanationObserver {
  /** The process is done with a text, or lost over it. */
  onExplained?(durationMs: number, method: ExplanationMethod): void;
}

/**
 * Says which words speak for an answer, one text at a time, behind a bounded queue, in a process that runs below everything else. Throws ApiError:
 * EXPLANATION_UNAVAILABLE (501), MODEL_NOT_LOADED, QUEUE_FULL, SHUTTING_DOWN (503), DEADLINE_EXCEEDED (504), EXPLANATION_FAILED (500).
 */
export interface ExplanationService {
  explain(request: ExplanationRequest): Promise<ServedExplanation>;
}
