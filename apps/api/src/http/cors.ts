import cors from 'cors';
import type { RequestHandler } from 'express';

/**
 * Lets pages of the listed origins, and of no other, ask and read the answers, errors included. A preflight is answered before
 * keys are looked at: browsers send none with it.
 */
export function createCors(origins: readonly string[]): RequestHandler {
  const handle = cors({
    origin: [...origins],
    methods: ['GET', 'HEAD', 'POST'],
    allowedHeaders: [
      'Authorization',
      'Content-Type',
      'Inference-Header-Content-Length',
      'traceparent',
      'X-API-Key',
      'X-Request-Id',
      'X-Request-Timeout-Ms',
    ],
    exposedHeaders: ['Inference-Header-Content-Length', 'RateLimit', 'RateLimit-Policy', 'Retry-After', 'X-Request-Id'],
    maxAge: 600,
  });
  return (request, response, next) => {
    // OPTIONS that is no preflight is a method like others, which most paths do not have.
    if (request.method === 'OPTIONS' && !('access-control-request-method' in request.headers)) next();
    else handle(request, response, next);
  };
}
