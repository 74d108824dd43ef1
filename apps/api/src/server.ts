import express from 'express';
import type { Express, RequestHandler } from 'express';
import type { Access } from './http/access.js';
import { createErrorHandler } from './http/answer-error.js';
import { ApiError } from './http/api-error.js';
import { clientAddressOf } from './http/client-address.js';
import { createCors } from './http/cors.js';
import { mountDocuments } from './http/documents.js';
import { createListeningServer, listen } from './http/http-server.js';
import type { HttpServerSettings } from './http/http-server.js';
import { mountRoutes } from './http/mount-routes.js';
import { createRateLimits } from './http/rate-limits.js';
import type { RateLimitSettings } from './http/rate-limits.js';
import { requestIdFrom } from './http/request-id.js';
import { createRequestLog } from './http/request-log.js';
import { beginRequest, stateOf } from './http/request-state.js';
import { createSecurityHeaders } from './http/security-headers.js';
import type { ExplanationService } from './explanation/explanation-service.js';
import type { InferenceService, ServingModel } from './inference/inference-service.js';
import { RequestsInHand } from './lifecycle/requests-in-hand.js';
import type { Log } from './log.js';
import { meterExplanations } from './metrics/metered-explanations.js';
import { meterInference } from './metrics/metered-inference.js';
import type { Metrics } from './metrics/metrics.js';
import { buildOpenApiDocument } from './openapi/open-api-document.js';
import type { OpenApiDocument } from './openapi/open-api-document.js';
import type { Route } from './routes/route.js';
import { createRouteTable } from './routes/route-table.js';
import type { Settings } from './settings.js';

export type HttpSettings = HttpServerSettings &
  RateLimitSettings &
  Pick<Settings, 'trustedProxies' | 'corsOrigins' | 'requestTimeoutMs'>;

export interface ServerDependencies {
  /** Started and closed by the caller. */
  readonly inference: InferenceService;
  /** Opened and closed by the caller. */
  readonly access: Access;
  readonly settings: HttpSettings;
  /** Its observer is told by what runs the model. */
  readonly metrics: Metrics;
  readonly explanations: ExplanationService;
  readonly log: Log;
}

export interface MarqueeServer {
  readonly app: Express;
  readonly routes: readonly Route[];
  readonly openApi: OpenApiDocument;
  /** Resolves with the port, which is of use when 0 was asked for. Throws StartError ADDRESS_UNAVAILABLE. */
  listen(port: number, host: string): Promise<number>;
  /** Reads the certificate anew, and the model's folder. Throws as `InferenceService.reload`. */
  reload(): Promise<ServingModel>;
  /** Fails `/health`, finishes the work in hand within `timeoutMs`, and closes every connection. */
  close(timeoutMs: number): Promise<void>;
}

/** Builds the HTTP side of the service around the processes that run a model. Listens when told to. */
export function createServer({
  inference,
  explanations,
  access,
  settings,
  metrics,
  log,
}: ServerDependencies): MarqueeServer {
  const app = createApp(settings);
  const { server, certificate } = createListeningServer(settings, log, app);
  if (certificate !== undefined) metrics.watchCertificate(certificate);
  const inHand = new RequestsInHand(server);
  let isDraining = false;
  const reload = (): Promise<ServingModel> => {
    certificate?.renew();
    return inference.reload();
  };
  const routes = createRouteTable({
    inference: meterInference(inference, metrics),
    explanations: meterExplanations(explanations, metrics),
    metrics,
    reload,
    isDraining: () => isDraining,
  });
  const openApi = buildOpenApiDocument(routes);
  const limits = createRateLimits(settings, log);
  app.use((request, response, next) => {
    const id = requestIdFrom(request.headers['x-request-id']);
    const startMs = performance.now();
    beginRequest(request, { id, startMs, client: clientAddressOf(request) });
    response.set('X-Request-Id', id);
    inHand.add(response);
    response.once('close', () => {
      const { route, errorCode } = stateOf(request);
      const { method } = request;
      const status = response.writableFinished ? response.statusCode : undefined;
      metrics.onRequest({ method, route: route?.path, status, errorCode, durationMs: performance.now() - startMs });
    });
    next();
  });
  app.use(createSecurityHeaders(settings.tlsCert !== undefined), createRequestLog(log), requireHost);
  if (settings.corsOrigins !== undefined) app.use(createCors(settings.corsOrigins));
  mountRoutes(app, routes, { access, limits, settings });
  mountDocuments(app, openApi);
  app.use(refusePath, createErrorHandler(log));

  return {
    app,
    routes,
    openApi,
    listen: (port, host) => listen(server, port, host),
    reload,
    async close(timeoutMs) {
      isDraining = true;
      await inHand.close(performance.now() + timeoutMs);
      limits.close();
      certificate?.close();
    },
  };
}

function createApp({ trustedProxies = [] }: HttpSettings): Express {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.set('case sensitive routing', true);
  app.set('trust proxy', [...trustedProxies]);
  return app;
}

const requireHost: RequestHandler = ({ headers, httpVersion }, _response, next) => {
  if (headers.host === undefined && httpVersion === '1.1') throw new ApiError('MALFORMED_HTTP', 'Host is required');
  next();
};

function refusePath(): never {
  throw new ApiError('ROUTE_NOT_FOUND', 'No such path: see /docs for those that there are');
}
