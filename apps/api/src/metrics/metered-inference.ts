import type { InferenceService } from '../inference/inference-service.js';
import type { Metrics } from './metrics.js';

/** The same service, which counts what it predicts. */
export function meterInference(inference: InferenceService, metrics: Metrics): InferenceService {
  metrics.watch(inference);
  return {
    get model() {
      return inference.model;
    },
    get unreadiness() {
      return inference.unreadiness;
    },
    get stats() {
      return inference.stats;
    },
    reload: () => inference.reload(),
    async predict(request) {
      const served = await inference.predict(request);
      metrics.onPredictions(served.predictions);
      return served;
    },
  };
}
