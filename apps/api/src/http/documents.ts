import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import type { Express, RequestHandler } from 'express';
import type { OpenApiDocument } from '../openapi/open-api-document.js';
import { refuseMethod } from './mount-routes.js';

const require = createRequire(import.meta.url);
const SWAGGER_UI_DIR = dirname(require.resolve('swagger-ui-dist/package.json'));
const SWAGGER_UI_FILES = ['swagger-ui.css', 'swagger-ui-bundle.js', 'favicon-32x32.png'] as const;

/** Nothing but this origin may be asked for anything. Swagger UI writes style attributes, and its icons are data: URLs. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const DOCS_PAGE = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>Marquee API</title>
    <link rel="icon" type="image/png" href="/docs/favicon-32x32.png">
    <link rel="stylesheet" href="/docs/swagger-ui.css">
  </head>
  <body>
    <div id="swagger-ui"></div>
    <script src="/docs/swagger-ui-bundle.js"></script>
    <script src="/docs/swagger-initializer.js"></script>
  </body>
</html>
`;

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

/** The routes that lead to the documents and are no part of the API: `/`, `/docs` with its files, `/openapi.json`. */
export function mountDocuments(app: Express, openApi: OpenApiDocument): void {
  const pages: Record<string, RequestHandler> = {
    '/': (_request, response) => response.redirect('/docs'),
    '/openapi.json': (_request, response) => void response.json(openApi),
    '/docs': (_request, response) => {
      response.set('Content-Security-Policy', CONTENT_SECURITY_POLICY).type('html').send(DOCS_PAGE);
    },
    '/docs/swagger-initializer.js': (_request, response) => void response.type('js').send(SWAGGER_INITIALIZER),
  };
  for (const file of SWAGGER_UI_FILES) {
    pages[`/docs/${file}`] = (_request, response) => response.sendFile(file, { root: SWAGGER_UI_DIR, maxAge: '1h' });
  }
  for (const [path, handler] of Object.entries(pages)) {
    app.get(path, handler);
    app.all(path, refuseMethod(['GET', 'HEAD']));
  }
}
