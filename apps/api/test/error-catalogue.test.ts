import { plainToInstance } from 'class-transformer';
import { validateSync } from 'class-validator';
import { API_ERRORS, TEI_ERRORS } from '@marquee/contracts';
import type { ApiErrorCode } from '@marquee/contracts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ErrorResponseDto } from '../src/dto/error-response.js';
import { InferenceErrorDto } from '../src/dto/inference-protocol.js';
import { TeiErrorResponseDto } from '../src/dto/tei.js';
import { openAccess } from '../src/http/access.js';
import type { Access } from '../src/http/access.js';
import type { ExplanationService } from '../src/explanation/explanation-service.js';
import { ApiError } from '../src/http/api-error.js';
import { createServer } from '../src/index.js';
import type { InferenceService, MarqueeServer } from '../src/index.js';
import { createLog } from '../src/log.js';
import { createMetrics } from '../src/metrics/metrics.js';
import { post, send, settingsOf } from './support/service.js';
import type { Answer } from './support/service.js';

const CODES = Object.keys(API_ERRORS) as ApiErrorCode[];
const DETAIL = 'What was wrong this time';

let thrown = new Error();
/** Fails every prediction with what the test says. */
const failing: InferenceService & ExplanationService = {
  model: undefined,
  unreadiness: 'loading',
  stats: { queuedReviews: { single: 0, batch: 0 }, queuedTokens: 0, estimatedWaitMs: 0, processes: 0 },
  predict: () => Promise.reject(thrown),
  reload: () => Promise.reject(thrown),
  explain: () => Promise.reject(thrown),
};

let access: Access;
let server: MarqueeServer;
let url: string;
const logged: string[] = [];
beforeAll(async () => {
  const log = createLog({ level: 'error', destination: { write: (line) => logged.push(line) } });
  const settings = settingsOf([], { modelDir: '/nowhere/model', keysDir: '/nowhere/keys' });
  access = await openAccess(settings, log);
  server = createServer({ inference: failing, explanations: failing, access, settings, metrics: createMetrics(), log });
  url = `http://127.0.0.1:${await server.listen(0, '127.0.0.1')}`;
});
afterAll(async () => {
  await server.close(0);
  access.close();
});

interface Wire {
  readonly path: string;
  readonly body: object;
  readonly dto: new () => object;
  statusOf(code: ApiErrorCode): number;
  bodyOf(code: ApiErrorCode): object;
}

const WIRES: Readonly<Record<'native' | 'tei' | 'v2', Wire>> = {
  native: {
    path: '/predict',
    body: { text: 'good' },
    dto: ErrorResponseDto,
    statusOf: (code) => API_ERRORS[code].status,
    bodyOf: (code) => ({ error: API_ERRORS[code].error, detail: DETAIL, code, request_id: expect.any(String) }),
  },
  tei: {
    path: '/tei/predict',
    body: { inputs: 'good' },
    dto: TeiErrorResponseDto,
    statusOf: (code) => TEI_ERRORS[code].status,
    bodyOf: (code) => ({ error: DETAIL, error_type: TEI_ERRORS[code].error_type }),
  },
  v2: {
    path: '/v2/models/marquee/infer',
    body: { inputs: [{ name: 'text', shape: [1], datatype: 'BYTES', data: ['good'] }] },
    dto: InferenceErrorDto,
    statusOf: (code) => API_ERRORS[code].status,
    bodyOf: () => ({ error: DETAIL }),
  },
};

function expectToKeep(dto: new () => object, body: unknown): void {
  const instance = plainToInstance(dto, body as object);
  expect(validateSync(instance, { whitelist: true, forbidNonWhitelisted: true })).toEqual([]);
}

describe.each(Object.entries(WIRES))('over the wire of %s', (_name, wire) => {
  const fail = (error: Error): Promise<Answer> => {
    thrown = error;
    return post(`${url}${wire.path}`, wire.body);
  };

  test.each(CODES)('%s has its status, its form and the id of the request', async (code) => {
    const { status, headers, body } = await fail(new ApiError(code, DETAIL, { headers: { 'Retry-After': '7' } }));
    expect(status).toBe(wire.statusOf(code));
    expect(body).toEqual(wire.bodyOf(code));
    expectToKeep(wire.dto, body);
    expect(headers.get('X-Request-Id')).toMatch(/^[\da-f-]{36}$/);
    expect(headers.get('Retry-After')).toBe('7');
    expect(headers.get('Content-Type')).toBe('application/json; charset=utf-8');
  });

  test.each(CODES.filter((code) => API_ERRORS[code].status === 503))(
    '%s says when to try again, where who threw it did not',
    async (code) => {
      expect((await fail(new ApiError(code, DETAIL))).headers.get('Retry-After')).toBe('1');
    },
  );

  test('what nobody foresaw is answered with a fixed sentence, and logged', async () => {
    logged.length = 0;
    const { status, body } = await fail(new Error('planted secret'));
    expect(status).toBe(wire.statusOf('INTERNAL'));
    expectToKeep(wire.dto, body);
    expect(JSON.stringify(body)).toContain('Prediction failed: unexpected error, see the log of the server');
    expect(JSON.stringify(body)).not.toContain('planted');
    expect(logged).toHaveLength(1);
  });

  test('so are those of the requests themselves', async () => {
    const json = { 'Content-Type': 'application/json' };
    const codes: [code: ApiErrorCode, answer: Answer][] = [
      ['INVALID_REQUEST', await post(`${url}${wire.path}`, {})],
      ['MALFORMED_BODY', await send(`${url}${wire.path}`, { method: 'POST', headers: json, body: '{' })],
      ['METHOD_NOT_ALLOWED', await send(`${url}${wire.path}`, { method: 'PUT' })],
      ['ROUTE_NOT_FOUND', await send(`${url}${wire.path}/none`)],
      [
        'BODY_TOO_LARGE',
        await send(`${url}${wire.path}`, { method: 'POST', headers: json, body: ' '.repeat(4_194_305) }),
      ],
      [
        'INVALID_HEADER',
        await send(`${url}${wire.path}`, {
          method: 'POST',
          headers: { ...json, 'X-Request-Timeout-Ms': 'soon' },
          body: '{}',
        }),
      ],
      [
        'UNSUPPORTED_MEDIA_TYPE',
        await send(`${url}${wire.path}`, {
          method: 'POST',
          headers: { ...json, 'Content-Encoding': 'zip' },
          body: '{}',
        }),
      ],
    ];
    for (const [code, { status, body }] of codes) {
      expect([code, status]).toEqual([code, wire.statusOf(code)]);
      expectToKeep(wire.dto, body);
    }
  });
});
