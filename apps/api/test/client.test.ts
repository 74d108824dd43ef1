import { ClientError, MarqueeClient } from '@marquee/client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTinyService, startTinyServiceWithoutProcess } from './support/service.js';
import type { TinyService } from './support/service.js';

let service: TinyService;
let client: MarqueeClient;
beforeAll(async () => {
  service = await startTinyService();
  client = new MarqueeClient({ url: service.url });
});
afterAll(() => service[Symbol.asyncDispose]());

describe('the client', () => {
  test('reads every answer of the service', async () => {
    expect(await client.health()).toMatchObject({ status: 'healthy', model_loaded: true });
    expect(await client.ready()).toEqual({ status: 'ready', model_version: service.version });
    expect(await client.modelInfo()).toMatchObject({ kind: 'transformer', model_version: service.version });
    expect(await client.predict('a good film')).toMatchObject({
      sentiment: 'positive',
      model_version: service.version,
    });
    expect(await client.predictBatch(['good', 'bad'])).toMatchObject({
      predictions: [{ sentiment: 'positive' }, { sentiment: 'negative' }],
      total_count: 2,
    });
    expect(await client.predictAll(Array<string>(40).fill('bad'))).toHaveLength(40);
  });

  test('throws the errors of the service with their code and the id of the request', async () => {
    const error: unknown = await client.predict(' ').catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ClientError);
    expect(error).toMatchObject({
      code: 'INVALID_REQUEST',
      status: 400,
      message: 'Review text cannot be empty or whitespace only',
      requestId: expect.stringMatching(/^[\da-f-]{36}$/),
    });
  });

  test('is answered by a server that gives an answer less time than the client does', async () => {
    await using hasty = await startTinyService({}, undefined, ['--request-timeout-ms', '10000']);
    const patient = new MarqueeClient({ url: hasty.url, timeoutMs: 60_000 });
    expect(await patient.predict('good')).toMatchObject({ sentiment: 'positive' });
  });

  test('tries again when there is no model, and then says so', async () => {
    const idle = await startTinyServiceWithoutProcess();
    const patient = new MarqueeClient({ url: idle.url, retries: 1, minBackoffMs: 0 });
    await expect(patient.predict('good')).rejects.toMatchObject({ status: 503 });
    await expect(patient.ready()).rejects.toMatchObject({ message: expect.stringContaining('failing check') });
    expect(await patient.health()).toMatchObject({ status: 'unhealthy' });
    await idle[Symbol.asyncDispose]();
  });
});
