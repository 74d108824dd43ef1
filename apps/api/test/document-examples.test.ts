import { writeExplainedArtifact } from '@marquee/fixtures';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { writeTemporary } from './support/artifact.js';
import { post, send, startTinyService } from './support/service.js';
import type { Answer, TinyService } from './support/service.js';

interface Schema {
  readonly $ref?: string;
  readonly examples?: readonly unknown[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly oneOf?: readonly [Schema, ...Schema[]];
}

interface Media {
  readonly schema?: Schema;
  readonly example?: unknown;
  readonly examples?: Readonly<Record<string, { readonly value: unknown }>>;
}

interface Content {
  readonly content?: Readonly<Record<string, Media>>;
}

let service: TinyService;
beforeAll(async () => {
  service = await startTinyService({}, () => writeTemporary((dir) => writeExplainedArtifact(dir)));
});
afterAll(() => service[Symbol.asyncDispose]());

/** What the pages make of a schema. Throws where they would have to invent a value. */
function sampleOf(schema: Schema, place: string): unknown {
  if (schema.examples) return schema.examples[0];
  if (schema.$ref !== undefined) {
    const name = schema.$ref.split('/').at(-1) ?? '';
    return sampleOf(service.server.openApi.components.schemas[name] as Schema, `${place} ${name}`);
  }
  if (schema.oneOf) return sampleOf(schema.oneOf[0], place);
  if (schema.items) return [sampleOf(schema.items, `${place}[]`)];
  if (!schema.properties) throw new Error(`${place}: expected an example, found none`);
  const properties = Object.entries(schema.properties);
  return Object.fromEntries(properties.map(([name, value]) => [name, sampleOf(value, `${place}.${name}`)]));
}

function samplesOf({ content = {} }: Content, place: string): Record<string, unknown> {
  const json = content['application/json'];
  if (json?.examples) {
    return Object.fromEntries(Object.entries(json.examples).map(([name, { value }]) => [name, value]));
  }
  if (json?.schema) return { sample: sampleOf(json.schema, place) };
  return Object.fromEntries(Object.entries(content).map(([type, { example }]) => [type, example]));
}

const operations = () =>
  Object.entries(service.server.openApi.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, ...operation })),
  );

/** The first request and the first answer of 200 that the pages show. */
function shown(path: string): { readonly request: unknown; readonly answer: unknown } {
  const operation = operations().find((candidate) => candidate.path === path);
  const [request] = Object.values(samplesOf(operation?.requestBody as Content, path));
  const [answer] = Object.values(samplesOf(operation?.responses['200'] as Content, path));
  return { request, answer };
}

describe('what the documents show', () => {
  test('has an example of every value of every answer', () => {
    for (const { path, method, responses } of operations()) {
      for (const [status, response] of Object.entries(responses)) {
        for (const sample of Object.values(samplesOf(response as Content, `${method} ${path} ${status}`))) {
          expect(sample, `${path} ${status}`).toBeDefined();
        }
      }
    }
  });

  test('is answered by the service as it stands', async () => {
    const asked = operations().filter(({ requestBody }) => requestBody !== undefined);
    expect(asked.map(({ path }) => path)).toEqual(
      expect.arrayContaining(['/predict', '/explain', '/tei/predict', '/hf']),
    );
    for (const { path, requestBody } of asked) {
      const address = service.url + path.replace('{version}', service.version);
      for (const sample of Object.values(samplesOf(requestBody as Content, path))) {
        expect(await post(address, sample), path).toMatchObject({ status: 200 });
      }
    }
  });

  test('is an answer to the request beside it', () => {
    const single = shown('/predict') as { request: { text: string }; answer: { text: string } };
    expect(single.answer.text).toBe(single.request.text);
    const batch = shown('/predict/batch') as {
      request: { reviews: string[] };
      answer: { predictions: { text: string }[]; total_count: number };
    };
    expect(batch.answer.predictions.map(({ text }) => text)).toEqual(batch.request.reviews);
    expect(batch.answer.total_count).toBe(batch.request.reviews.length);
    const explained = shown('/explain') as {
      request: { text: string };
      answer: { text: string; attributions: { word: string; start: number; end: number }[] };
    };
    const { text, attributions } = explained.answer;
    expect(text).toBe(explained.request.text);
    for (const { word, start, end } of attributions) expect(text.slice(start, end)).toBe(word);
    expect(attributions.map(({ word }) => word).join('')).toBe(text.replaceAll(' ', ''));
  });

  test('is in groups that say what they are for, predictions first', () => {
    const { tags } = service.server.openApi;
    expect(tags[0]).toMatchObject({ name: 'Prediction' });
    for (const { description } of tags) expect(description).not.toBe('');
    expect(new Set(operations().flatMap((operation) => operation.tags))).toEqual(new Set(tags.map(({ name }) => name)));
    const summaries = operations().map(({ tags: [tag], summary }) => `${tag}: ${summary}`);
    expect(new Set(summaries).size).toBe(summaries.length);
  });
});

describe('the errors that the documents show', () => {
  const examplesOf = (path: string, method: string): Record<string, unknown> => {
    const found = operations().find((operation) => operation.path === path && operation.method === method);
    const errors = Object.entries(found?.responses ?? {}).filter(([status]) => !status.startsWith('2'));
    return Object.assign({}, ...errors.map(([, response]) => samplesOf(response as Content, path))) as Record<
      string,
      unknown
    >;
  };

  test('are those of the route alone', () => {
    const everywhere = ['INVALID_HEADER', 'MALFORMED_HTTP', 'METHOD_NOT_ALLOWED', 'HEADERS_TOO_LARGE', 'INTERNAL'];
    expect(Object.keys(examplesOf('/livez', 'get')).sort()).toEqual([...everywhere, 'DEADLINE_EXCEEDED'].sort());
    expect(Object.keys(examplesOf('/explain', 'post'))).toEqual(
      expect.arrayContaining(['EXPLANATION_FAILED', 'EXPLANATION_UNAVAILABLE', 'REQUEST_TIMEOUT', 'KEY_REQUIRED']),
    );
    expect(Object.keys(examplesOf('/predict', 'post'))).not.toContain('EXPLANATION_FAILED');
    expect(Object.keys(examplesOf('/metrics', 'get'))).not.toContain('INVALID_REQUEST');
  });

  const json = { 'Content-Type': 'application/json' };
  const postJson = (path: string, body: string, headers: Record<string, string> = {}): Promise<Answer> =>
    send(service.url + path, { method: 'POST', headers: { ...json, ...headers }, body });
  const infer = '/v2/models/marquee/infer';
  const blank = { inputs: [{ name: 'text', shape: [1], datatype: 'BYTES', data: [' '] }] };

  test.each<[code: string, method: string, path: string, ask: () => Promise<Answer>]>([
    ['INVALID_REQUEST', 'post', '/predict', () => postJson('/predict', '{ "text": " " }')],
    ['INVALID_REQUEST', 'post', '/tei/predict', () => postJson('/tei/predict', '{ "inputs": ["a", "b"] }')],
    ['INVALID_REQUEST', 'post', infer, () => postJson(infer, JSON.stringify(blank))],
    ['EMPTY_INPUT', 'post', '/tei/predict', () => postJson('/tei/predict', '{ "inputs": "" }')],
    ['MALFORMED_BODY', 'post', '/hf', () => postJson('/hf', '{')],
    ['INVALID_HEADER', 'post', '/predict', () => postJson('/predict', '{}', { 'X-Request-Timeout-Ms': 'soon' })],
    ['BODY_TOO_LARGE', 'post', '/predict', () => postJson('/predict', ' '.repeat(4_194_305))],
    ['BODY_TOO_LARGE', 'post', '/predict/batch', () => postJson('/predict/batch', ' '.repeat(4_194_305))],
    ['UNSUPPORTED_MEDIA_TYPE', 'post', '/predict', () => postJson('/predict', '{}', { 'Content-Type': 'text/plain' })],
    ['UNSUPPORTED_MEDIA_TYPE', 'post', infer, () => postJson(infer, '{}', { 'Content-Type': 'text/plain' })],
    ['METHOD_NOT_ALLOWED', 'get', '/health', () => send(`${service.url}/health`, { method: 'PUT' })],
    ['METHOD_NOT_ALLOWED', 'post', '/predict', () => send(`${service.url}/predict`, { method: 'PUT' })],
    ['KEY_REQUIRED', 'post', '/admin/reload', () => postJson('/admin/reload', '')],
    [
      'KEY_INVALID',
      'get',
      '/model/info',
      () => send(`${service.url}/model/info`, { headers: { 'X-API-Key': 'none' } }),
    ],
  ])('say of %s by %s %s what the service says', async (code, method, path, ask) => {
    const { body } = await ask();
    const example = examplesOf(path, method)[code] as object;
    const requestId = 'request_id' in example ? { request_id: expect.any(String) } : {};
    expect(body).toEqual({ ...example, ...requestId });
  });
});
