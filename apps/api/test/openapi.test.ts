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
];

test('Express and the document have the same routes, but for the documents themselves', () => {
  const documented = Object.entries(service.server.openApi.paths).flatMap(([path, operations]) =>
    Object.keys(operations).map((method) => `${method} ${path}`),
  );
  expect(documented).toEqual([
    'get /health',
    'get /livez',
    'get /readyz',
    'post /predict',
    'post /predict/batch',
    'get /model/info',
  ]);
  expect(expressRoutes()).toEqual([...documented, ...DOCUMENTS].sort());
});

test('the document that is served is the one in the repository', async () => {
  const served = await (await fetch(`${service.url}/openapi.json`)).json();
  await expect(`${JSON.stringify(served, undefined, 2)}\n`).toMatchFileSnapshot('../openapi.json');
});

test('every reference in the document leads to a schema', () => {
  const text = JSON.stringify(service.server.openApi);
  const names = [...text.matchAll(/"\$ref":"#\/components\/schemas\/(\w+)"/g)].map(([, name]) => name);
  expect(names.length).toBeGreaterThan(10);
  expect(Object.keys(service.server.openApi.components.schemas)).toEqual(expect.arrayContaining(names));
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

test('/ leads to /docs', async () => {
  const response = await fetch(service.url, { redirect: 'manual' });
  expect(response.status).toBe(302);
  expect(response.headers.get('Location')).toBe('/docs');
});

test('/docs and its files come from this origin alone', async () => {
  const page = await fetch(`${service.url}/docs`);
  expect(page.headers.get('Content-Security-Policy')).toMatch(/^default-src 'none'; script-src 'self';/);
  const html = await page.text();
  const links = [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, link]) => link ?? '');
  expect(links).toHaveLength(4);
  for (const link of links) {
    const response = await fetch(new URL(link, service.url));
    await response.arrayBuffer();
    expect(link).toMatch(/^\/docs\//);
    expect(response.status, link).toBe(200);
  }
});
