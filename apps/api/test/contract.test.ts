import { plainToInstance } from 'class-transformer';
import { validateSync } from 'class-validator';
import type { PredictResponse } from '@marquee/contracts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ErrorResponseDto } from '../src/dto/error-response.js';
import { BatchPredictResponseDto, PredictResponseDto } from '../src/dto/prediction-responses.js';
import {
  HealthResponseDto,
  LiveResponseDto,
  ModelInfoResponseDto,
  ReadyResponseDto,
} from '../src/dto/service-state-responses.js';
import { post, send, startTinyService, startTinyServiceWithoutProcess } from './support/service.js';
import type { TinyService } from './support/service.js';

/** Without one of its own, an artifact's version is derived from its digests. */
const VERSION = /^[\da-f]{12}$/;

let service: TinyService;
beforeAll(async () => {
  service = await startTinyService();
});
afterAll(() => service[Symbol.asyncDispose]());

/** The document promises what the DTO's decorators say, and the answer keeps it. */
function expectToKeep(dto: new () => object, body: unknown): void {
  const violations = validateSync(plainToInstance(dto, body as object), {
    whitelist: true,
    forbidNonWhitelisted: true,
  });
  expect(violations).toEqual([]);
}

describe('GET /health', () => {
  test('is 200 and healthy with the seed’s four fields', async () => {
    const { status, body } = await send(`${service.url}/health`);
    expect(status).toBe(200);
    expect(body).toEqual({
      status: 'healthy',
      model_loaded: true,
      device: 'cpu',
      timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+00:00$/),
    });
    expect(Math.abs(Date.parse((body as HealthResponseDto).timestamp) - Date.now())).toBeLessThan(5000);
    expectToKeep(HealthResponseDto, body);
  });
});

describe('probes', () => {
  test('/livez is 200 while the process answers', async () => {
    const { status, body } = await send(`${service.url}/livez`);
    expect(status).toBe(200);
    expectToKeep(LiveResponseDto, body);
  });

  test('/readyz is 200 when every check passes, and names the model', async () => {
    const { status, body } = await send(`${service.url}/readyz`);
    expect(status).toBe(200);
    expect(body).toEqual({ status: 'ready', model_version: expect.stringMatching(VERSION) });
    expectToKeep(ReadyResponseDto, body);
  });

  test('/readyz is 503 and names the check that fails, while /livez stays 200', async () => {
    const idle = await startTinyServiceWithoutProcess();
    expect(await send(`${idle.url}/readyz`)).toMatchObject({
      status: 503,
      body: {
        error: 'Service unavailable',
        detail: expect.stringMatching(/^Not ready, failing check: inference process:/),
      },
    });
    expect((await send(`${idle.url}/livez`)).status).toBe(200);
    await idle[Symbol.asyncDispose]();
  });
});

describe('POST /predict', () => {
  test('answers the seed’s four fields, then who answered and how much was read', async () => {
    const { status, body } = await post(`${service.url}/predict`, { text: 'A good film!' });
    const prediction = body as PredictResponseDto;
    expect(status).toBe(200);
    expect(Object.keys(prediction)).toEqual([
      'text',
      'sentiment',
      'confidence',
      'probabilities',
      'prediction_id',
      'model_version',
      'token_count',
      'truncated',
    ]);
    expect(Object.keys(prediction.probabilities)).toEqual(['negative', 'positive']);
    expect(prediction.text).toBe('A good film!');
    expect(prediction.sentiment).toBe('positive');
    expect(prediction.confidence).toBe(prediction.probabilities.positive);
    expect(prediction.probabilities.negative + prediction.probabilities.positive).toBeCloseTo(1, 12);
    expectToKeep(PredictResponseDto, body);
  });

  test('says how many tokens a text has, and whether all were read', async () => {
    const short = await post(`${service.url}/predict`, { text: 'a good film' });
    expect(short.body).toMatchObject({
      token_count: 5,
      truncated: false,
      model_version: expect.stringMatching(VERSION),
    });
    const long = await post(`${service.url}/predict`, { text: 'good '.repeat(20) });
    expect(long.body).toMatchObject({ token_count: 22, truncated: true });
  });

  test('gives every prediction an id of its own', async () => {
    const { body } = await post(`${service.url}/predict/batch`, { reviews: ['good', 'good'] });
    const [first, second] = (body as BatchPredictResponseDto).predictions;
    expect(first?.prediction_id).not.toBe(second?.prediction_id);
  });

  test('calls a bad film negative', async () => {
    const { body } = await post(`${service.url}/predict`, { text: 'a bad movie' });
    expect(body).toMatchObject({ sentiment: 'negative' });
  });

  test.each([
    ['surrounding white space', '  good\n'],
    ['an emoji', 'good 😀'],
    ['a lone surrogate', 'good \ud800'],
    ['NUL', 'good \0 film'],
    ['10,000 code points outside the first plane', '😀'.repeat(10_000)],
    ['10,000 characters with variation selectors', '\u2764\ufe0f'.repeat(5_000)],
  ])('gives the text back as it was sent with %s', async (_, text) => {
    const { status, body } = await post(`${service.url}/predict`, { text });
    expect(status).toBe(200);
    expect((body as PredictResponseDto).text).toBe(text);
  });

  test('takes JSON media types with a charset or a suffix', async () => {
    for (const type of [
      'application/json; charset=utf-8',
      'application/vnd.api+json',
      'Application/JSON;charset="UTF-8"',
    ]) {
      const init = { method: 'POST', headers: { 'Content-Type': type }, body: '{"text":"good"}' };
      expect((await send(`${service.url}/predict`, init)).status, type).toBe(200);
    }
  });
});

describe('POST /predict/batch', () => {
  test('answers 32 reviews in their order', async () => {
    const reviews = Array.from({ length: 32 }, (_, index) => (index % 3 === 0 ? `bad ${index}` : `good ${index}`));
    const { status, body } = await post(`${service.url}/predict/batch`, { reviews });
    const batch = body as BatchPredictResponseDto;
    expect(status).toBe(200);
    expect(Object.keys(batch)).toEqual(['predictions', 'total_count', 'processing_time_ms']);
    expect(batch.predictions.map(({ text }) => text)).toEqual(reviews);
    expect(batch.predictions.map(({ sentiment }) => sentiment)).toEqual(
      reviews.map((review) => (review.startsWith('bad') ? 'negative' : 'positive')),
    );
    expect(batch.total_count).toBe(32);
    expect(batch.processing_time_ms).toBeGreaterThan(0);
    expectToKeep(BatchPredictResponseDto, body);
  });

  test('gives a review the same numbers as /predict does', async () => {
    const text = 'the film was great, the movie bad';
    const single = await post(`${service.url}/predict`, { text });
    const batch = await post(`${service.url}/predict/batch`, { reviews: ['good', text] });
    expect((batch.body as BatchPredictResponseDto).predictions[1]).toEqual({
      ...(single.body as PredictResponse),
      prediction_id: expect.any(String),
    });
  });

  test('takes the largest legal batch', async () => {
    const body = `{"reviews":[${Array(32)
      .fill(`"${'\\ud83d\\ude00'.repeat(10_000)}"`)
      .join(',')}]}`;
    const init = { method: 'POST', headers: { 'Content-Type': 'application/json' }, body };
    const answer = await send(`${service.url}/predict/batch`, init);
    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({ total_count: 32 });
  });
});

describe('GET /model/info', () => {
  test('answers the seed’s seven fields, then the version, its kind and what runs it', async () => {
    const { status, body } = await send(`${service.url}/model/info`);
    expect(status).toBe(200);
    expect(body).toEqual({
      model_path: 'artifacts/tiny',
      model_type: 'distilbert',
      num_labels: 2,
      max_length: 16,
      device: 'cpu',
      parameters: expect.any(Number),
      trainable_parameters: (body as ModelInfoResponseDto).parameters,
      model_version: expect.stringMatching(VERSION),
      kind: 'transformer',
      graph: 'int8',
      runtime: expect.stringMatching(/^onnxruntime-node \d+\.\d+\.\d+$/),
    });
    expectToKeep(ModelInfoResponseDto, body);
  });
});

describe('errors', () => {
  test('an empty review is the seed’s 400 to the letter', async () => {
    expect(await post(`${service.url}/predict`, { text: '' })).toMatchObject({
      status: 400,
      body: { error: 'Validation error', detail: 'Review text cannot be empty or whitespace only' },
    });
  });

  test('a model that is not loaded is the seed’s 503 to the letter, and /health says so', async () => {
    const idle = await startTinyServiceWithoutProcess();
    const [health, predict, info] = await Promise.all([
      send(`${idle.url}/health`),
      post(`${idle.url}/predict`, { text: 'good' }),
      send(`${idle.url}/model/info`),
    ]);
    await idle[Symbol.asyncDispose]();
    expect(health).toMatchObject({ status: 503, body: { status: 'unhealthy', model_loaded: false } });
    expectToKeep(HealthResponseDto, health.body);
    expect(predict).toMatchObject({ status: 503, body: { error: 'Service unavailable' } });
    expect(info).toMatchObject({ status: 503, body: { error: 'Service unavailable', detail: 'Model not loaded' } });
  });

  test('an unknown path is 404 with the four fields', async () => {
    const { status, headers, body } = await send(`${service.url}/predict/one`);
    expect(status).toBe(404);
    expect(body).toEqual({
      error: 'Not found',
      detail: 'No such path: see /docs for those that there are',
      code: 'ROUTE_NOT_FOUND',
      request_id: headers.get('X-Request-Id'),
    });
    expectToKeep(ErrorResponseDto, body);
  });

  test.each([
    ['GET', '/predict', 'POST'],
    ['PUT', '/predict/batch', 'POST'],
    ['DELETE', '/health', 'GET, HEAD'],
    ['OPTIONS', '/model/info', 'GET, HEAD'],
    ['POST', '/docs', 'GET, HEAD'],
  ])('%s %s is 405 with Allow', async (method, path, allow) => {
    const { status, headers, body } = await send(`${service.url}${path}`, { method });
    expect(status).toBe(405);
    expect(headers.get('Allow')).toBe(allow);
    expect(body).toMatchObject({ error: 'Method not allowed' });
  });

  test('a path with escapes that cannot be decoded is 404', async () => {
    expect((await send(`${service.url}/%ff`)).status).toBe(404);
  });
});
