import { API_ERRORS, LIMITS } from '@marquee/contracts';
import type {
  ApiErrorCode,
  BatchPredictResponse,
  ErrorResponse,
  ExplainResponse,
  ExplanationMethod,
  HealthResponse,
  ModelInfoResponse,
  PredictResponse,
  ReadyResponse,
} from '@marquee/contracts';
import { ClientError } from './client-error.js';
import { resolveClientOptions } from './client-options.js';
import type { ClientOptions, ResolvedOptions } from './client-options.js';
import { retryDelayMs } from './retry-delay.js';

export interface CallOptions {
  /** Ends the call as ABORTED. */
  readonly signal?: AbortSignal;
}

export interface ExplainOptions extends CallOptions {
  /** Default `integrated_gradients`. */
  readonly method?: ExplanationMethod;
}

/** Another try may succeed, and does no harm: a prediction changes nothing. */
const RETRIED_STATUSES: ReadonlySet<number> = new Set([429, 503]);

/** The least that the server takes as `X-Request-Timeout-Ms`. */
const MIN_TIMEOUT_MS = 1_000;

interface Call extends CallOptions {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly body?: object;
  /** Answers beside 2xx that are no error. */
  readonly accepts?: readonly number[];
  readonly retries?: number;
}

/** A client of the API. Every method throws ClientError. */
export class MarqueeClient {
  readonly #options: ResolvedOptions;

  /** Throws ClientError INVALID_OPTIONS. */
  constructor(options: ClientOptions) {
    this.#options = resolveClientOptions(options);
  }

  /** Sentiment of one review of at most 10,000 characters. */
  async predict(text: string, options: CallOptions = {}): Promise<PredictResponse> {
    return this.#call<PredictResponse>({ method: 'POST', path: '/predict', body: { text }, ...options });
  }

  /** Sentiment of 1 to 32 reviews, in their order. */
  async predictBatch(reviews: readonly string[], options: CallOptions = {}): Promise<BatchPredictResponse> {
    return this.#call<BatchPredictResponse>({ method: 'POST', path: '/predict/batch', body: { reviews }, ...options });
  }

  /** Sentiment of any number of reviews, in their order, sent in batches one after the other. */
  async predictAll(reviews: readonly string[], options: CallOptions = {}): Promise<readonly PredictResponse[]> {
    const predictions: PredictResponse[] = [];
    for (let start = 0; start < reviews.length; start += LIMITS.maxBatchReviews) {
      const batch = await this.predictBatch(reviews.slice(start, start + LIMITS.maxBatchReviews), options);
      predictions.push(...batch.predictions);
    }
    return predictions;
  }

  /** The sentiment of one review, and what each word adds to it. */
  async explain(text: string, { method, ...options }: ExplainOptions = {}): Promise<ExplainResponse> {
    const body = { text, ...(method && { method }) };
    return this.#call<ExplainResponse>({ ...options, method: 'POST', path: '/explain', body });
  }

  async modelInfo(options: CallOptions = {}): Promise<ModelInfoResponse> {
    return this.#call<ModelInfoResponse>({ method: 'GET', path: '/model/info', ...options });
  }

  /** An unhealthy service is an answer, not an error. */
  async health(options: CallOptions = {}): Promise<HealthResponse> {
    return this.#call<HealthResponse>({ method: 'GET', path: '/health', accepts: [503], retries: 0, ...options });
  }

  /** Throws ClientError, whose message names the check that fails, when the service is not ready. */
  async ready(options: CallOptions = {}): Promise<ReadyResponse> {
    return this.#call<ReadyResponse>({ method: 'GET', path: '/readyz', retries: 0, ...options });
  }

  async #call<Answer>(call: Call): Promise<Answer> {
    const { timeoutMs, retries } = this.#options;
    const endMs = performance.now() + timeoutMs;
    for (let attempt = 0; ; attempt++) {
      const outcome = await this.#try<Answer>(call, endMs - performance.now());
      if ('answer' in outcome) return outcome.answer;
      if (!outcome.mayRetry || attempt >= (call.retries ?? retries)) throw outcome.error;
      const { retryAfter } = outcome;
      const failed = { attempt, retryAfter, nowMs: Date.now(), random: Math.random() };
      const delayMs = retryDelayMs(failed, this.#options);
      if (performance.now() + delayMs >= endMs) throw outcome.error;
      await wait(delayMs, call.signal);
    }
  }

  async #try<Answer>(
    { method, path, body, accepts = [], signal }: Call,
    remainingMs: number,
  ): Promise<Outcome<Answer>> {
    const { url, fetch } = this.#options; // browsers refuse to have theirs called as a method
    const timeout = AbortSignal.timeout(Math.max(1, Math.ceil(remainingMs)));
    try {
      const response = await fetch(url + path, {
        method,
        headers: this.#headers(body !== undefined, remainingMs),
        signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
        ...(body !== undefined && { body: JSON.stringify(body) }),
      });
      const text = await response.text();
      if (response.ok || accepts.includes(response.status)) return { answer: parse(text, response) as Answer };
      const retryAfter = response.headers.get('Retry-After');
      return { error: toClientError(text, response), mayRetry: RETRIED_STATUSES.has(response.status), retryAfter };
    } catch (error) {
      return toFailure(error, { signal, timeout });
    }
  }

  #headers(hasBody: boolean, remainingMs: number): Record<string, string> {
    const timeoutMs = Math.max(MIN_TIMEOUT_MS, Math.ceil(remainingMs));
    return {
      Accept: 'application/json',
      'X-Request-Timeout-Ms': String(timeoutMs),
      ...(hasBody && { 'Content-Type': 'application/json' }),
      ...(this.#options.key !== undefined && { Authorization: `Bearer ${this.#options.key}` }),
    };
  }
}

interface Failure {
  readonly error: ClientError;
  readonly mayRetry: boolean;
  readonly retryAfter: string | null;
}

type Outcome<Answer> = { readonly answer: Answer } | Failure;

function toFailure(
  error: unknown,
  { signal, timeout }: { readonly signal: AbortSignal | undefined; readonly timeout: AbortSignal },
): Failure {
  const final = { mayRetry: false, retryAfter: null };
  if (error instanceof ClientError) return { error, ...final };
  if (signal?.aborted) return { error: aborted(signal), ...final };
  if (timeout.aborted) {
    return { error: new ClientError('TIMEOUT', 'The API did not answer in time', { cause: error }), ...final };
  }
  const network = new ClientError('NETWORK', 'The API cannot be reached', { cause: error });
  return { error: network, mayRetry: true, retryAfter: null };
}

function aborted(signal: AbortSignal): ClientError {
  return new ClientError('ABORTED', 'The call was aborted', { cause: signal.reason });
}

function parse(text: string, { status, headers }: Response): unknown {
  try {
    return JSON.parse(text);
  } catch {
    const requestId = headers.get('X-Request-Id') ?? undefined;
    throw new ClientError('UNEXPECTED_ANSWER', `The answer with status ${status} is not JSON`, { status, requestId });
  }
}

/** Never throws: what is not 2xx may come from a proxy, and whether to try again is the status's to say. */
function toClientError(text: string, { status, headers }: Response): ClientError {
  const { code, detail, request_id: requestId = headers.get('X-Request-Id') ?? undefined } = readError(text);
  if (isApiErrorCode(code) && detail !== undefined) return new ClientError(code, detail, { status, requestId });
  const message = `The answer with status ${status} is no error of this API`;
  return new ClientError('UNEXPECTED_ANSWER', message, { status, requestId });
}

function readError(text: string): Partial<ErrorResponse> {
  try {
    return (JSON.parse(text) ?? {}) as Partial<ErrorResponse>;
  } catch {
    return {};
  }
}

const isApiErrorCode = (code: unknown): code is ApiErrorCode =>
  typeof code === 'string' && Object.hasOwn(API_ERRORS, code);

/** Throws ClientError ABORTED as soon as the signal is. */
async function wait(delayMs: number, signal: AbortSignal | undefined): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const stop = (): void => {
      clearTimeout(timer);
      if (signal !== undefined) reject(aborted(signal));
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop);
      resolve();
    }, delayMs);
    if (signal?.aborted) stop();
    else signal?.addEventListener('abort', stop, { once: true });
  });
}
