import { Registry, collectDefaultMetrics } from 'prom-client';
import { EXPLANATION_METHODS } from '@marquee/contracts';
import type { ApiErrorCode, ExplanationMethod } from '@marquee/contracts';
import type { ExplanationObserver } from '../explanation/explanation-service.js';
import type { InferenceObserver, InferenceService, ServedPrediction } from '../inference/inference-service.js';
import { EXPLANATION_OUTCOMES } from './explanation-outcomes.js';
import type { ExplanationOutcome } from './explanation-outcomes.js';
import { createInstruments } from './instruments.js';
import type { Instruments } from './instruments.js';
import { watchCertificate, watchInference } from './gauges.js';

/** Errors that say that a request was not served, though it could have been: they are counted from 0 on. */
const REJECTIONS = [
  'KEY_REQUIRED',
  'KEY_INVALID',
  'SCOPE_MISSING',
  'ANONYMOUS_REFUSED',
  'RATE_LIMITED',
  'MODEL_NOT_LOADED',
  'QUEUE_FULL',
  'SHUTTING_DOWN',
  'DEADLINE_EXCEEDED',
] as const satisfies readonly ApiErrorCode[];
type Rejection = (typeof REJECTIONS)[number];

const isRejection = (code: ApiErrorCode): code is Rejection => (REJECTIONS as readonly ApiErrorCode[]).includes(code);

/** Gauges of prom-client with the suffix of counters, which `promtool check metrics` refuses; without it, they are there too. */
const MISNAMED = ['handles', 'requests', 'resources'].map((what) => `marquee_nodejs_active_${what}_total`);

/** In the place of a status that nobody got to see, as nginx has it. */
const CLIENT_GONE = 499;

export interface RequestOutcome {
  readonly method: string;
  /** Path of the row of the route table, with its `:names`; undefined for what met no route. */
  readonly route: string | undefined;
  /** Undefined when the connection ended before all of the answer was sent. */
  readonly status: number | undefined;
  readonly durationMs: number;
  /** The error that was answered, if one was. */
  readonly errorCode?: ApiErrorCode | undefined;
}

export interface Metrics {
  /** Told by the queue and the processes. */
  readonly observer: InferenceObserver;
  /** Told by the explainer process. */
  readonly explanationObserver: ExplanationObserver;
  readonly contentType: string;
  onRequest(outcome: RequestOutcome): void;
  onPredictions(predictions: readonly ServedPrediction[]): void;
  onExplanation(method: ExplanationMethod, outcome: ExplanationOutcome): void;
  /** What is asked of the service at each scrape: its queue, and the model that answers. */
  watch(inference: InferenceService): void;
  /** Of a server that speaks TLS: read at each scrape. */
  watchCertificate(certificate: { readonly validUntil: Date }): void;
  /** The exposition in Prometheus' text format. */
  expose(): Promise<string>;
}

/**
 * The metrics of one server: prefix `marquee_`, base units, no text and no key in a label. Labels hold nothing that a client may
 * choose, so that their number is bounded.
 */
export function createMetrics(): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry, prefix: 'marquee_' });
  for (const name of MISNAMED) registry.removeSingleMetric(name);
  const instruments = createInstruments(registry);
  const { requests, durations, rejections, predictions, requestReviews, explanations, explanationDurations } =
    instruments;
  startAtZero(instruments);

  return {
    contentType: registry.contentType,
    observer: createObserver(instruments),
    explanationObserver: {
      onExplained: (durationMs, method) => explanationDurations.observe({ method }, durationMs / 1000),
    },
    onRequest({ method, route = 'none', status, durationMs, errorCode }) {
      requests.inc({ method: labelOf(method), route, status: String(status ?? CLIENT_GONE) });
      if (status !== undefined) durations.observe({ method: labelOf(method), route }, durationMs / 1000);
      if (errorCode !== undefined && isRejection(errorCode)) rejections.inc({ reason: errorCode.toLowerCase() });
    },
    onPredictions(answered) {
      requestReviews.observe(answered.length);
      for (const { modelVersion, sentiment } of answered) predictions.inc({ version: modelVersion, label: sentiment });
    },
    onExplanation: (method, outcome) => explanations.inc({ method, outcome }),
    watch: (inference) => watchInference(inference, { registry, predictions }),
    watchCertificate: (certificate) => watchCertificate(certificate, registry),
    expose: () => registry.metrics(),
  };
}

function startAtZero({ rejections, reloads, waits, explanations, explanationDurations }: Instruments): void {
  for (const reason of REJECTIONS) rejections.inc({ reason: reason.toLowerCase() }, 0);
  for (const outcome of ['succeeded', 'failed']) reloads.inc({ outcome }, 0);
  for (const priority of ['single', 'batch']) waits.zero({ priority });
  for (const method of EXPLANATION_METHODS) {
    explanationDurations.zero({ method });
    for (const outcome of EXPLANATION_OUTCOMES) explanations.inc({ method, outcome }, 0);
  }
}

function createObserver({ waits, runs, tokens, restarts, reloads }: Instruments): InferenceObserver {
  return {
    onRunStarted: (waitMs, priority) => waits.observe({ priority }, waitMs / 1000),
    onRunFinished(inferenceMs, tokenCount) {
      runs.observe(inferenceMs / 1000);
      tokens.inc(tokenCount);
    },
    onProcessLost: () => restarts.inc(),
    onReload: (outcome) => reloads.inc({ outcome }),
  };
}

/** A client may invent methods; those that HTTP has are few. */
const labelOf = (method: string): string =>
  /^(?:GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS)$/.test(method) ? method : 'other';
