import { EXAMPLE_VERSION } from '../dto/examples.js';
import type { Metrics } from '../metrics/metrics.js';
import type { Route } from './route.js';

/** The start of one metric of many. */
const EXAMPLE = `# HELP marquee_predictions_total Reviews answered, by version of the model and label.
# TYPE marquee_predictions_total counter
marquee_predictions_total{version="${EXAMPLE_VERSION}",label="positive"} 8
`;

export function createMetricsRoute(metrics: Metrics): Route<object, Uint8Array> {
  return {
    method: 'GET',
    path: '/metrics',
    operationId: 'metrics',
    tag: 'Service',
    summary: 'Metrics for Prometheus',
    description: 'Requests, predictions, the queue, the processes and the model, in the text format of Prometheus.',
    scope: 'metrics',
    wire: 'native',
    answers: {
      200: { description: 'The metrics.', others: { 'text/plain': { schema: { type: 'string' }, example: EXAMPLE } } },
    },
    errors: [],
    async handle() {
      const headers = { 'Content-Type': metrics.contentType };
      return { status: 200, headers, body: Buffer.from(await metrics.expose()) };
    },
  };
}
