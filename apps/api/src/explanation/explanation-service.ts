import type { Explanation, ExplanationMethod } from '@marquee/model-core';
import type { Due } from '../inference/inference-service.js';

export interface ExplanationRequest extends Due {
  readonly text: string;
  readonly method: ExplanationMethod;
}

export interface ServedExplanation extends Explanation {
  /** Version of the model that was explained. */
  readonly modelVersion: string;
}

/**
 * Says which words speak for an answer, one text at a time, behind a bounded queue, in a process that runs below everything else. Throws ApiError:
 * EXPLANATION_UNAVAILABLE (501), MODEL_NOT_LOADED, QUEUE_FULL, SHUTTING_DOWN (503), DEADLINE_EXCEEDED (504), EXPLANATION_FAILED (500).
 */
export interface ExplanationService {
  explain(request: ExplanationRequest): Promise<ServedExplanation>;
}
