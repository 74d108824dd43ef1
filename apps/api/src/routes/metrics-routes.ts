import type { Metrics } from '../metrics/metrics.js';
import type { Route } from './route.js';

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
    answers: { 200: { description: 'The metrics.', others: { 'text/plain': { schema: { type: 'string' } } } } },
    errors: [],
    async handle() {
      const headers = { 'Content-Type': metrics.contentType };
      return { status: 200, headers, body: Buffer.from(await metrics.expose()) };
    },
  };
}
