import { InferenceClient } from '@huggingface/inference';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { post, startTinyService } from './support/service.js';
import type { TinyService } from './support/service.js';

let service: TinyService;
beforeAll(async () => {
  service = await startTinyService();
});
afterAll(() => service[Symbol.asyncDispose]());

const classify = (body: object) => post(`${service.url}/hf`, body);

describe('POST /hf', () => {
  test('answers the client of Hugging Face', async () => {
    const client = new InferenceClient();
    const endpointUrl = `${service.url}/hf`;
    const answer = await client.textClassification({ endpointUrl, inputs: 'a bad film' });
    expect(answer.map(({ label }) => label)).toEqual(['negative', 'positive']);
    const [best, ...others] = await client.textClassification({
      endpointUrl,
      inputs: 'good',
      parameters: { top_k: 1 },
    });
    expect(best).toEqual({ label: 'positive', score: expect.any(Number) });
    expect(others).toEqual([]);
  });

  test('answers a list of scores for each of several texts', async () => {
    const { status, body } = await classify({ inputs: ['good', 'bad'], parameters: { top_k: 1 } });
    expect(status).toBe(200);
    expect(body).toEqual([
      [{ label: 'positive', score: expect.any(Number) }],
      [{ label: 'negative', score: expect.any(Number) }],
    ]);
  });

  test.each([
    ['softmax', 1],
    ['sigmoid', 1],
    ['none', 0],
  ])('%s gives two scores that sum to %d', async (function_to_apply, sum) => {
    const { body } = await classify({ inputs: 'good', parameters: { function_to_apply, top_k: null } });
    const [scores = []] = body as { label: string; score: number }[][];
    expect(scores.map(({ label }) => label)).toEqual(['positive', 'negative']);
    expect(scores.reduce((total, { score }) => total + score, 0)).toBeCloseTo(sum, 12);
  });

  test('ignores options that it does not know', async () => {
    expect(
      (await classify({ inputs: 'good', options: { wait_for_model: true }, parameters: { truncation: true } })).status,
    ).toBe(200);
  });

  test.each<[title: string, body: object, detail: string]>([
    ['no inputs', {}, 'Review text is required'],
    ['a blank text', { inputs: ' ' }, 'Review text cannot be empty or whitespace only'],
    [
      'a blank text among others',
      { inputs: ['good', ''] },
      'inputs[1]: Review text cannot be empty or whitespace only',
    ],
    ['an empty list', { inputs: [] }, 'inputs must be 1 to 32 reviews, got 0'],
    ['33 texts', { inputs: Array(33).fill('good') }, 'inputs must be 1 to 32 reviews, got 33'],
    ['top_k of 0', { inputs: 'good', parameters: { top_k: 0 } }, 'top_k must not be less than 1'],
  ])('refuses %s', async (_, body, detail) => {
    expect(await classify(body)).toMatchObject({ status: 400, body: { error: 'Validation error', detail } });
  });
});
