import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, extname, join } from 'node:path';
import type { Express, RequestHandler } from 'express';
import type { OpenApiDocument } from '../openapi/open-api-document.js';
import { refuseMethod } from './mount-routes.js';

const require = createRequire(import.meta.url);
const SWAGGER_UI_DIR = dirname(require.resolve('swagger-ui-dist/package.json'));
const SWAGGER_UI_FILES = ['swagger-ui.css', 'swagger-ui-bundle.js', 'favicon-32x32.png'] as const;

interface Page {
  /** Of the element that the scripts fill. */
  readonly id: string;
  readonly style: string;
  readonly scripts: readonly string[];
}

const renderPage = ({ id, style, scripts }: Page): string => `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>Marquee API</title>
    <link rel="icon" type="image/png" href="/docs/favicon-32x32.png">
    ${style}
  </head>
  <body>
    <div id="${id}"></div>
    ${scripts.map((path) => `<script src="${path}"></script>`).join('\n    ')}
  </body>
</html>
`;

/** For a phone: no column of links, which the document has none of, and what a group is about below its name. */
const DOCS_STYLE = `.swagger-ui .response-col_links { display: none; }
      @media (max-width: 640px) {
        .swagger-ui .opblock-tag { display: grid; grid-template-columns: 1fr auto; }
        .swagger-ui .opblock-tag small { grid-row: 2; grid-column: 1 / -1; padding: 0; }
      }`;

const DOCS_PAGE = renderPage({
  id: 'swagger-ui',
  style: `<link rel="stylesheet" href="/docs/swagger-ui.css">
    <style>
      ${DOCS_STYLE}
    </style>`,
  scripts: ['/docs/swagger-ui-bundle.js', '/docs/swagger-initializer.js'],
});

/** `validatorUrl: null`: by default Swagger UI sends the document's address to a validator on the internet. */
const SWAGGER_INITIALIZER = `SwaggerUIBundle({
  url: '/openapi.json',
  dom_id: '#swagger-ui',
  deepLinking: true,
  tryItOutEnabled: true,
  displayRequestDuration: true,
  validatorUrl: null,
});
`;

const REDOC_PAGE = renderPage({
  id: 'redoc',
  style: '<style>body { margin: 0; }</style>',
  scripts: ['/redoc/redoc.standalone.js', '/redoc/redoc-initializer.js'],
});

/** `disableSearch`: its index is built by a worker made from a blob, which the policy does not allow. */
const REDOC_INITIALIZER = `Redoc.init('/openapi.json', { disableSearch: true }, document.getElementById('redoc'));
`;

/** Redoc's bundle, but for the logo that it would ask its makers' host for: where there is none, it shows nothing. */
function readRedocBundle(): string {
  const bundle = readFileSync(require.resolve('redoc/bundles/redoc.standalone.js'), 'utf8');
  return bundle.replaceAll('https://cdn.redoc.ly/redoc/logo-mini.svg', 'data:,');
}

/** A file that is read when it is first asked for. Always sent whole: what Express sends from a disk heeds ranges and conditions. */
function createFileHandler(name: string, read: () => Buffer | string): RequestHandler {
  let content: Buffer | string | undefined;
  return (_request, response) => {
    content ??= read();
    response.set('Cache-Control', 'public, max-age=3600').type(extname(name)).send(content);
  };
}

/** The routes that lead to the documents and are no part of the API: `/`, `/docs` and `/redoc` with their files, `/openapi.json`. */
export function mountDocuments(app: Express, openApi: OpenApiDocument): void {
  const pages: Record<string, RequestHandler> = {
    '/': (_request, response) => response.redirect('/docs'),
    '/openapi.json': (_request, response) => void response.json(openApi),
    '/docs': (_request, response) => {
      void response.type('html').send(DOCS_PAGE);
    },
    '/redoc': (_request, response) => {
      void response.type('html').send(REDOC_PAGE);
    },
    '/redoc/redoc-initializer.js': (_request, response) => void response.type('js').send(REDOC_INITIALIZER),
    '/redoc/redoc.standalone.js': createFileHandler('redoc.standalone.js', readRedocBundle),
    '/docs/swagger-initializer.js': (_request, response) => void response.type('js').send(SWAGGER_INITIALIZER),
  };
  for (const file of SWAGGER_UI_FILES) {
    pages[`/docs/${file}`] = createFileHandler(file, () => readFileSync(join(SWAGGER_UI_DIR, file)));
  }
  for (const [path, handler] of Object.entries(pages)) {
    app.get(path, handler);
    app.all(path, refuseMethod(['GET', 'HEAD']));
  }
}
