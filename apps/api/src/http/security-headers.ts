import type { RequestHandler } from 'express';
import helmet from 'helmet';

/**
 * Nothing but this origin may be asked for anything by what is shown of it, and nobody may frame it. Swagger UI and Redoc write
 * style elements and attributes, and their icons are data: URLs.
 */
const DIRECTIVES = {
  'default-src': ["'none'"],
  'script-src': ["'self'"],
  'style-src': ["'self'", "'unsafe-inline'"],
  'img-src': ["'self'", 'data:'],
  'connect-src': ["'self'"],
  'base-uri': ["'none'"],
  'form-action': ["'none'"],
  'frame-ancestors': ["'none'"],
};

/**
 * helmet's headers. What only means something over TLS is sent only over TLS: without it, a browser that heeded
 * `upgrade-insecure-requests` or HSTS would find nobody at the other end, and one that cannot heed the rest complains of it.
 */
export function createSecurityHeaders(isTls: boolean): RequestHandler {
  return helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: { ...DIRECTIVES, ...(isTls && { 'upgrade-insecure-requests': [] }) },
    },
    strictTransportSecurity: isTls && { maxAge: 31_536_000, includeSubDomains: false },
    crossOriginOpenerPolicy: isTls,
    originAgentCluster: isTls,
    xFrameOptions: { action: 'deny' },
  });
}
