import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { post, send, startTinyService, startTinyServiceWithoutProcess } from './support/service.js';
import type { TinyService } from './support/service.js';

// fixtures/tei.json: what Text Embeddings Inference answers, read off its source at the commit that the file names.
interface Fixture {
  readonly predictions: readonly { readonly request: object; readonly response: unknown }[];
  readonly errors: readonly {
    readonly title: string;
    readonly request: object;
    readonly status: number;
    readonly response: object;
  }[];
  readonly headers: readonly string[];
  readonly info: Readonly<Record<string, string>>;
}

let service: TinyService;
let fixture: Fixture;
beforeAll(async () => {
  service = await startTinyService();
  fixture = JSON.parse(await readFile(new URL('./fixtures/tei.json', import.meta.url), 'utf8')) as Fixture;
});
afterAll(() => service[Symbol.asyncDispose]());

const predict = (body: object) => post(`${service.url}/tei/predict`, body);

/** The fixture knows no numbers: a score stands for any. */
function withoutScores(answer: unknown): unknown {
  return JSON.parse(JSON.stringify(answer, (key, value: unknown) => (key === 'score' ? 'a number' : value)));
}

describe('POST /tei/predict', () => {
  test('answers the shapes of its source: a list of a single text, a list of lists of a batch, the likelier first', async () => {
    expect(fixture.predictions.length).toBeGreaterThan(3);
    for (const { request, response } of fixture.predictions) {
      const { status, body } = await predict(request);
      expect([status, withoutScores(body)], JSON.stringify(request)).toEqual([200, response]);
    }
  });

  test('refuses in the words and with the statuses of its source', async () => {
    expect(fixture.errors.length).toBeGreaterThan(5);
    for (const { title, request, status, response } of fixture.errors) {
      const answer = await predict(request);
      expect([answer.status, answer.body], title).toEqual([status, response]);
    }
  });

  test('scores are probabilities, or on request logits that sum to zero', async () => {
    const probabilities = (await predict({ inputs: 'good' })).body as { score: number; label: string }[];
    const logits = (await predict({ inputs: 'good', raw_scores: true })).body as { score: number; label: string }[];
    const [a, b] = logits.map(({ score }) => score);
    expect(probabilities.map(({ score }) => score).reduce((sum, score) => sum + score)).toBeCloseTo(1, 12);
    expect(logits.map(({ label }) => label)).toEqual(['positive', 'negative']);
    expect((a ?? 0) + (b ?? 0)).toBeCloseTo(0, 12);
    expect(1 / (1 + Math.exp((b ?? 0) - (a ?? 0)))).toBeCloseTo(probabilities[0]?.score ?? 0, 12);
  });

  test('has the timing headers of its source, with whole numbers', async () => {
    const { headers } = await send(`${service.url}/tei/predict`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ inputs: [['good'], ['a bad film']] }),
    });
    expect(fixture.headers).toHaveLength(8);
    for (const name of fixture.headers) {
      expect(headers.get(name), name).toMatch(name === 'x-compute-type' ? /^cpu$/ : /^\d+$/);
    }
    expect(headers.get('x-compute-characters')).toBe('14');
    expect(headers.get('x-compute-tokens')).toBe('8');
  });

  test('cuts a long text by default, and refuses it when asked not to cut', async () => {
    const inputs = 'good '.repeat(20);
    expect((await predict({ inputs })).status).toBe(200);
    expect(await predict({ inputs, truncate: false })).toMatchObject({
      status: 422,
      body: {
        error: 'Input validation error: `inputs` must have less than 16 tokens. Given: 22',
        error_type: 'Validation',
      },
    });
  });

  test('refuses a body over 4 MiB with 413', async () => {
    expect(await predict({ inputs: 'a'.repeat(4_194_304) })).toMatchObject({
      status: 413,
      body: { error_type: 'Validation' },
    });
  });
});

test('GET /tei/info has the fields of its source, of their types', async () => {
  const { status, body } = await send(`${service.url}/tei/info`);
  expect(status).toBe(200);
  const types = Object.entries(body as object).map(([name, value]) => [name, value === null ? 'null' : typeof value]);
  expect(Object.fromEntries(types)).toEqual(fixture.info);
  expect(body).toMatchObject({
    model_id: 'artifacts/tiny',
    model_sha: service.version,
    max_input_length: 16,
    max_client_batch_size: 32,
    auto_truncate: true,
    model_type: { classifier: { id2label: { 0: 'negative', 1: 'positive' }, label2id: { negative: 0, positive: 1 } } },
  });
});

test('GET /tei/health is 200 without a body, else 503', async () => {
  const response = await fetch(`${service.url}/tei/health`);
  expect([response.status, await response.text()]).toEqual([200, '']);
  const idle = await startTinyServiceWithoutProcess();
  expect(await send(`${idle.url}/tei/health`)).toMatchObject({ status: 503, body: { error_type: 'Unhealthy' } });
  await idle[Symbol.asyncDispose]();
});
