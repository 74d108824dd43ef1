import { createConfig, lintFromString } from '@redocly/openapi-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTinyService } from './support/service.js';
import type { TinyService } from './support/service.js';

let service: TinyService;
beforeAll(async () => {
  service = await startTinyService();
});
afterAll(() => service[Symbol.asyncDispose]());

function expressRoutes(): string[] {
  return service.server.app.router.stack
    .flatMap(({ route }) =>
      route === undefined ? [] : [{ path: route.path, methods: route.stack.map(({ method }) => method) }],
    )
    .filter(({ methods }) => methods.length === 1) // a layer of all methods is the 405 of its path
    .map(({ path, methods }) => `${methods[0]} ${path}`)
    .sort();
}

const DOCUMENTS = [
  'get /',
  'get /docs',
  'get /docs/favicon-32x32.png',
  'get /docs/swagger-initializer.js',
  'get /docs/swagger-ui-bundle.js',
  'get /docs/swagger-ui.css',
  'get /openapi.json',
  'get /redoc',
  'get /redoc/redoc-initializer.js',
  'get /redoc/redoc.standalone.js',
];

test('Express and the document have the same routes, but for the documents themselves', () => {
  const documented = Object.entries(service.server.openApi.paths).flatMap(([path, operations]) =>
    Object.keys(operations).map((method) => `${method} ${path.replace(/\{(\w+)\}/g, ':$1')}`),
  );
  expect(documented).toContain('post /predict/batch');
  expect(documented).toContain('post /v2/models/marquee/versions/:version/infer');
  expect(expressRoutes()).toEqual([...documented, ...DOCUMENTS].sort());
});

test('the document that is served is the one in the repository', async () => {
  const served = await (await fetch(`${service.url}/openapi.json`)).json();
  await expect(`${JSON.stringify(served, undefined, 2)}\n`).toMatchFileSnapshot('../openapi.json');
});

test('every reference in the document leads to a component', () => {
  const text = JSON.stringify(service.server.openApi);
  const references = [...text.matchAll(/"\$ref":"#\/components\/(\w+)\/([^"]+)"/g)];
  expect(references.length).toBeGreaterThan(100);
  for (const [, kind = '', name = ''] of references) {
    expect(service.server.openApi.components).toHaveProperty([kind, name]);
  }
});

test('the limits of the document are those of the service', () => {
  const { PredictRequestDto, BatchPredictRequestDto } = service.server.openApi.components.schemas;
  expect(PredictRequestDto).toMatchObject({
    required: ['text'],
    additionalProperties: false,
    properties: { text: { type: 'string', minLength: 1, maxLength: 10_000 } },
  });
  expect(BatchPredictRequestDto).toMatchObject({
    properties: { reviews: { type: 'array', minItems: 1, maxItems: 32, items: { type: 'string', maxLength: 10_000 } } },
  });
});

test('an OpenAPI linter finds nothing wrong with the document', async () => {
  const config = await createConfig({
    rules: {
      struct: 'error',
      'no-unresolved-refs': 'error',
      'no-identical-paths': 'error',
      'operation-operationId-unique': 'error',
      'security-defined': 'error',
      'path-parameters-defined': 'error',
      'no-invalid-media-type-examples': 'error',
      'no-invalid-schema-examples': 'error',
    },
  });
  const problems = await lintFromString({ source: JSON.stringify(service.server.openApi), config });
  expect(problems.map(({ message, location }) => [message, location[0]?.pointer])).toEqual([]);
});

test('every route but the open ones says which scope a key needs, and that 401, 403 and 429 can happen', () => {
  for (const [path, operations] of Object.entries(service.server.openApi.paths)) {
    for (const { security, responses } of Object.values(operations)) {
      const statuses = Object.keys(responses);
      if (security.length === 0) expect(statuses, path).not.toContain('401');
      else {
        expect(security, path).toEqual([{ bearer: [expect.any(String)] }, { apiKey: [expect.any(String)] }]);
        expect(statuses, path).toEqual(expect.arrayContaining(['401', '403', '429']));
      }
    }
  }
});

test('/ leads to /docs', async () => {
  const response = await fetch(service.url, { redirect: 'manual' });
  expect(response.status).toBe(302);
  expect(response.headers.get('Location')).toBe('/docs');
});

test.each([
  ['/docs', 4],
  ['/redoc', 3],
])('%s and its files come from this origin alone', async (path, count) => {
  const page = await fetch(`${service.url}${path}`);
  expect(page.headers.get('Content-Security-Policy')).toMatch(/^default-src 'none'; ?script-src 'self';/);
  const html = await page.text();
  const links = [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, link]) => link ?? '');
  expect(links).toHaveLength(count);
  for (const link of links) {
    const response = await fetch(new URL(link, service.url));
    await response.arrayBuffer();
    expect(link).toMatch(/^\/(?:docs|redoc)\//);
    expect(response.status, link).toBe(200);
  }
});

test('the served bundle of Redoc asks no other host for its logo', async () => {
  const bundle = await (await fetch(`${service.url}/redoc/redoc.standalone.js`)).text();
  expect(bundle.length).toBeGreaterThan(500_000);
  expect(bundle).not.toContain('cdn.redoc.ly');
});
