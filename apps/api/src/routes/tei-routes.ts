import { LIMITS, SENTIMENTS } from '@marquee/contracts';
import type { LabelScore, TeiInfo } from '@marquee/contracts';
import { EXAMPLE_SCORES } from '../dto/examples.js';
import { countCodePoints } from '../dto/review-text.js';
import { LabelScoreDto, TeiInfoDto, TeiPredictRequestDto } from '../dto/tei.js';
import type { TeiInputs } from '../dto/tei.js';
import { ApiError } from '../http/api-error.js';
import { DEFAULT_ADMISSION_LIMITS } from '../inference/admission.js';
import type {
  InferenceService,
  ServedPrediction,
  ServedPredictions,
  ServingModel,
} from '../inference/inference-service.js';
import { API_VERSION } from './api-version.js';
import { rankLabels } from './label-scores.js';
import { PREDICTION_ERRORS } from './prediction-routes.js';
import { assertReady } from './readiness.js';
import type { Route } from './route.js';

// Text Embeddings Inference at 0d124dc, router/src/http/server.rs: what is answered, and in which words it refuses.

const TAG = 'Text Embeddings Inference';

/** Its headers. Times are whole ms; of a batch, means over the texts, but for the two of the whole request. */
const TIMING_HEADERS = {
  'x-compute-type': '`cpu` or `gpu+optimized`.',
  'x-compute-time': 'Of the whole request.',
  'x-compute-characters': 'Characters of the texts.',
  'x-compute-tokens': 'Tokens that were read.',
  'x-total-time': 'Of the whole request.',
  'x-tokenization-time': 'Until the tokens were known.',
  'x-queue-time': 'Until a process was free.',
  'x-inference-time': 'Of the model.',
} as const;
type TimingHeaders = Readonly<Record<keyof typeof TIMING_HEADERS, string>>;

export function createTeiRoutes(inference: InferenceService, isDraining: () => boolean): readonly Route[] {
  return [createTeiPredictRoute(inference), createTeiInfoRoute(inference), createTeiHealthRoute(inference, isDraining)];
}

type Scores = readonly LabelScore[];

function createTeiPredictRoute(inference: InferenceService): Route<TeiPredictRequestDto, Scores | readonly Scores[]> {
  return {
    method: 'POST',
    path: '/tei/predict',
    operationId: 'teiPredict',
    tag: TAG,
    summary: 'Sentiment of one review or several',
    description:
      'The scores of both labels, the likelier first: a list of a single string, a list of lists of a batch.',
    scope: 'predict',
    wire: 'tei',
    request: { dto: TeiPredictRequestDto, maxBytes: LIMITS.maxBatchBodyBytes, unknownFields: 'drop' },
    answers: {
      200: {
        description: 'The scores.',
        dto: LabelScoreDto,
        shapes: ['list', 'list of lists'],
        examples: { 'of a single string': EXAMPLE_SCORES[0] ?? [], 'of a batch': EXAMPLE_SCORES },
        headers: TIMING_HEADERS,
      },
    },
    errors: ['EMPTY_INPUT', ...PREDICTION_ERRORS],
    async handle({ body, signal, deadlineMs }) {
      const startMs = performance.now();
      const { texts, isBatch } = toTexts(body.inputs);
      const priority = isBatch ? 'batch' : 'single';
      const served = await inference.predict({ texts, priority, signal, deadlineMs });
      if (body.truncate === false) served.predictions.forEach((prediction) => assertUncut(inference, prediction));
      const scores = served.predictions.map(({ probabilities }) =>
        rankLabels(probabilities, body.raw_scores === true ? 'none' : 'softmax'),
      );
      const headers = toTimingHeaders(inference.model, texts, served, performance.now() - startMs);
      return { status: 200, headers, body: isBatch ? scores : (scores[0] ?? []) };
    },
  };
}

const invalid = (detail: string): ApiError => new ApiError('INVALID_REQUEST', `Input validation error: ${detail}`);

function toTexts(inputs: TeiInputs): { readonly texts: readonly string[]; readonly isBatch: boolean } {
  const isBatch = Array.isArray(inputs[0]);
  const sequences = toSequences(inputs);
  if (isBatch && sequences.length > LIMITS.maxBatchReviews) {
    const detail = `batch size ${sequences.length} > maximum allowed batch size ${LIMITS.maxBatchReviews}`;
    throw new ApiError('INVALID_REQUEST', detail);
  }
  const texts = sequences.map(([text = '', pair]) => {
    if (pair !== undefined) throw invalid('`inputs` must be single strings: this model reads no pairs');
    if (text === '') throw new ApiError('EMPTY_INPUT', 'Input validation error: `inputs` cannot be empty');
    const characters = countCodePoints(text);
    if (characters <= LIMITS.maxReviewCharacters) return text;
    throw invalid(`\`inputs\` must have at most ${LIMITS.maxReviewCharacters} characters. Given: ${characters}`);
  });
  return { texts, isBatch };
}

function toSequences(inputs: TeiInputs): readonly (readonly string[])[] {
  if (typeof inputs === 'string') return [[inputs]];
  return inputs.every((item) => typeof item === 'string') ? [inputs] : inputs;
}

function assertUncut({ model }: InferenceService, { truncated, tokenCount }: ServedPrediction): void {
  if (!truncated) return;
  throw invalid(`\`inputs\` must have less than ${model?.info.maxLength ?? tokenCount} tokens. Given: ${tokenCount}`);
}

function toTimingHeaders(
  model: ServingModel | undefined,
  texts: readonly string[],
  { predictions, timings }: ServedPredictions,
  totalMs: number,
): TimingHeaders {
  const total = String(Math.trunc(totalMs));
  const mean = (sumMs: number): string => String(Math.trunc(sumMs / texts.length));
  const sum = (values: readonly number[]): string => String(values.reduce((a, b) => a + b, 0));
  return {
    'x-compute-type': model?.device.startsWith('cuda') ? 'gpu+optimized' : 'cpu',
    'x-compute-time': total,
    'x-compute-characters': sum(texts.map(countCodePoints)),
    'x-compute-tokens': sum(
      predictions.map(({ tokenCount }) => Math.min(tokenCount, model?.info.maxLength ?? tokenCount)),
    ),
    'x-total-time': total,
    'x-tokenization-time': mean(timings.tokenizationMs),
    'x-queue-time': mean(timings.queueMs),
    'x-inference-time': mean(timings.inferenceMs),
  };
}

function createTeiInfoRoute(inference: InferenceService): Route<object, TeiInfo> {
  return {
    method: 'GET',
    path: '/tei/info',
    operationId: 'teiInfo',
    tag: TAG,
    summary: 'The model that answers',
    description: 'The model and the limits of this server, under the names of Text Embeddings Inference.',
    scope: 'predict',
    wire: 'tei',
    answers: { 200: { dto: TeiInfoDto, description: 'The model that answers.' } },
    errors: ['MODEL_NOT_LOADED'],
    async handle() {
      if (inference.model === undefined) throw new ApiError('MODEL_NOT_LOADED', 'Model not loaded');
      return { status: 200, body: toTeiInfo(inference.model) };
    },
  };
}

function toTeiInfo({ path, version, info }: ServingModel): TeiInfo {
  const maxInputLength = info.maxLength ?? LIMITS.maxReviewCharacters;
  const labels = SENTIMENTS.map((label, id) => [label, id] as const);
  return {
    model_id: path,
    model_sha: version,
    model_dtype: info.graph === 'int8' ? 'int8' : 'float32',
    served_model_name: 'marquee',
    model_type: {
      classifier: {
        id2label: Object.fromEntries(labels.map(([label, id]) => [String(id), label])),
        label2id: Object.fromEntries(labels),
      },
    },
    max_concurrent_requests: DEFAULT_ADMISSION_LIMITS.maxReviews,
    max_input_length: maxInputLength,
    max_batch_tokens: maxInputLength, // one review a run
    max_batch_requests: 1,
    max_client_batch_size: LIMITS.maxBatchReviews,
    auto_truncate: true,
    tokenization_workers: 1,
    version: API_VERSION,
    sha: null,
    docker_label: null,
  };
}

function createTeiHealthRoute(inference: InferenceService, isDraining: () => boolean): Route {
  return {
    method: 'GET',
    path: '/tei/health',
    operationId: 'teiHealth',
    tag: TAG,
    summary: 'Whether a prediction would be answered',
    description: '200 without a body exactly when a prediction would be answered, else 503.',
    scope: 'open',
    wire: 'tei',
    answers: { 200: { description: 'Predictions are answered.' } },
    errors: ['MODEL_NOT_LOADED', 'SHUTTING_DOWN'],
    async handle() {
      assertReady(inference, isDraining());
      return { status: 200, body: new Uint8Array() };
    },
  };
}
