import { Counter, Histogram } from 'prom-client';
import type { Registry } from 'prom-client';

/** From 5 ms, about the fastest answer, to the deadline of 30 s. */
const DURATION_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
const RUN_BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];
/** From a linear model's to the longest deadline that most set. */
const EXPLANATION_BUCKETS = [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 60];
const REVIEWS_BUCKETS = [1, 2, 4, 8, 16, 32];

export type Instruments = ReturnType<typeof createInstruments>;

/** What is counted and measured as it happens. */
export function createInstruments(registry: Registry) {
  const registers = [registry];
  const counter = <Label extends string = never>(name: string, help: string, ...labelNames: Label[]): Counter<Label> =>
    new Counter({ name, help, labelNames, registers });
  const histogram = <Label extends string = never>(
    name: string,
    help: string,
    buckets: number[],
    ...labelNames: Label[]
  ): Histogram<Label> => new Histogram({ name, help, labelNames, buckets, registers });

  return {
    requests: counter(
      'marquee_http_requests_total',
      'Requests, by method, route and status; 499 where the client was gone before the whole answer was sent.',
      'method',
      'route',
      'status',
    ),
    durations: histogram(
      'marquee_http_request_duration_seconds',
      'From the headers of a request to the last byte of its answer, by method and route.',
      DURATION_BUCKETS,
      'method',
      'route',
    ),
    rejections: counter('marquee_http_requests_rejected_total', 'Requests refused, by reason.', 'reason'),
    predictions: counter(
      'marquee_predictions_total',
      'Reviews answered, by version of the model and label.',
      'version',
      'label',
    ),
    requestReviews: histogram('marquee_request_reviews', 'Reviews of a request.', REVIEWS_BUCKETS),
    waits: histogram(
      'marquee_queue_wait_seconds',
      'From the arrival of a review in the queue to its run, by priority.',
      DURATION_BUCKETS,
      'priority',
    ),
    runs: histogram('marquee_inference_seconds', 'Time of the model for one review.', RUN_BUCKETS),
    tokens: counter('marquee_inference_tokens_total', 'Tokens that the model read.'),
    restarts: counter('marquee_inference_process_restarts_total', 'Inference processes that were lost and replaced.'),
    explanations: counter(
      'marquee_explanations_total',
      'Explanations asked for, by method and outcome.',
      'method',
      'outcome',
    ),
    explanationDurations: histogram(
      'marquee_explanation_seconds',
      'Time of the explainer process for one review, however it ended, by method.',
      EXPLANATION_BUCKETS,
      'method',
    ),
    reloads: counter('marquee_model_reloads_total', 'Reloads of the model, by outcome.', 'outcome'),
  };
}
