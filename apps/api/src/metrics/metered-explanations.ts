import type { ExplanationService } from '../explanation/explanation-service.js';
import { outcomeOf } from './explanation-outcomes.js';
import type { Metrics } from './metrics.js';

/** The same service, which counts how explanations end. */
export function meterExplanations(explanations: ExplanationService, metrics: Metrics): ExplanationService {
  return {
    async explain(request) {
      const { method, signal } = request;
      try {
        const served = await explanations.explain(request);
        metrics.onExplanation(method, signal.aborted ? outcomeOf(signal.reason, signal) : 'succeeded');
        return served;
      } catch (error) {
        metrics.onExplanation(method, outcomeOf(error, signal));
        throw error;
      }
    },
  };
}
