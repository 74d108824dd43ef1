import { LIMITS } from '@marquee/contracts';
import type { ExplainResponse, WordAttribution } from '@marquee/contracts';
import { ExplainRequestDto, ExplainResponseDto } from '../dto/explanations.js';
import type { ExplanationService, ServedExplanation } from '../explanation/explanation-service.js';
import { REVIEW_ERRORS, toPredictResponse } from './prediction-routes.js';
import type { Route } from './route.js';

export function createExplainRoute(explanations: ExplanationService): Route<ExplainRequestDto, ExplainResponse> {
  return {
    method: 'POST',
    path: '/explain',
    operationId: 'explain',
    tag: 'Prediction',
    summary: 'Which words speak for the sentiment of a review',
    description:
      'Scores are in log-odds: above 0 a word speaks for positive, below 0 for negative. One review is explained at a time; the first one also waits for the process to start.',
    scope: 'explain',
    wire: 'native',
    request: { dto: ExplainRequestDto, maxBytes: LIMITS.maxSingleBodyBytes },
    answers: { 200: { dto: ExplainResponseDto, description: 'The sentiment, and what each word adds to it.' } },
    errors: [...REVIEW_ERRORS, 'EXPLANATION_FAILED', 'EXPLANATION_UNAVAILABLE'],
    async handle({ body: { text, method = 'integrated_gradients' }, signal, deadlineMs, charge }) {
      const explanation = await explanations.explain({ text, method, signal, deadlineMs, charge });
      return { status: 200, body: toResponse(text, explanation) };
    },
  };
}

function toResponse(text: string, explanation: ServedExplanation): ExplainResponse {
  const { prediction, method, completenessGap, steps, converged, cost, modelVersion } = explanation;
  return {
    ...toPredictResponse(text, { ...prediction, modelVersion }),
    method,
    attributions: inCodePoints(text, explanation.attributions),
    completeness_gap: completenessGap,
    steps,
    converged,
    cost,
  };
}

/** Places in UTF-16 units, in the order of the text, as places in code points: what Python, and `maxLength`, count. */
export function inCodePoints(text: string, attributions: readonly WordAttribution[]): WordAttribution[] {
  let units = 0;
  let codePoints = 0;
  const advance = (to: number): number => {
    for (; units < to; codePoints++) units += (text.codePointAt(units) ?? 0) > 0xffff ? 2 : 1;
    return codePoints;
  };
  return attributions.map(({ word, start, end, score }) => ({ word, start: advance(start), end: advance(end), score }));
}
