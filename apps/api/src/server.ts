import { createServer as createHttpServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import express from 'express';
import type { Express } from 'express';
import { API_ERRORS } from '@marquee/contracts';
import type { ApiErrorCode } from '@marquee/contracts';
import type { Access } from './http/access.js';
import { createErrorHandler } from './http/answer-error.js';
import { ApiError } from './http/api-error.js';
import { mountDocuments } from './http/documents.js';
import { ERROR_WIRES } from './http/error-wires.js';
import { mountRoutes } from './http/mount-routes.js';
import { requestIdFrom } from './http/request-id.js';
import { beginRequest, stateOf } from './http/request-state.js';
import type { InferenceService } from './inference/inference-service.js';
import { RequestsInHand } from './lifecycle/requests-in-hand.js';
import { StartError } from './lifecycle/start-error.js';
import type { Log } from './log.js';
import { meterInference } from './metrics/metered-inference.js';
import type { Metrics } from './metrics/metrics.js';
import { buildOpenApiDocument } from './openapi/open-api-document.js';
import type { OpenApiDocument } from './openapi/open-api-document.js';
import type { Route } from './routes/route.js';
import { createRouteTable } from './routes/route-table.js';
import type { Settings } from './settings.js';

/** Time for a client to send its headers, and its whole request. */
const HEADERS_TIMEOUT_MS = 10_000;
const REQUEST_TIMEOUT_MS = 30_000;

export type HttpSettings = Pick<Settings, 'requestTimeoutMs'>;

export interface ServerDependencies {
  /** Started and closed by the caller. */
  readonly inference: InferenceService;
  /** Opened and closed by the caller. */
  readonly access: Access;
  readonly settings: HttpSettings;
  /** Its observer is told by what runs the model. */
  readonly metrics: Metrics;
  readonly log: Log;
}

export interface MarqueeServer {
  readonly app: Express;
  readonly routes: readonly Route[];
  readonly openApi: OpenApiDocument;
  /** Resolves with the port, which is of use when 0 was asked for. Throws StartError ADDRESS_UNAVAILABLE. */
  listen(port: number, host: string): Promise<number>;
  /** Fails `/health`, finishes the work in hand within `timeoutMs`, and closes every connection. */
  close(timeoutMs: number): Promise<void>;
}

/** Builds the HTTP side of the service around the processes that run a model. Listens when told to. */
export function createServer({ inference, access, settings, metrics, log }: ServerDependencies): MarqueeServer {
  const inHand = new RequestsInHand();
  let isDraining = false;
  const routes = createRouteTable({
    inference: meterInference(inference, metrics),
    metrics,
    isDraining: () => isDraining,
  });
  const openApi = buildOpenApiDocument(routes);
  const app = createApp();
  app.use((request, response, next) => {
    const id = requestIdFrom(request.headers['x-request-id']);
    const startMs = performance.now();
    beginRequest(request, { id, startMs });
    response.set('X-Request-Id', id);
    inHand.add(response);
    response.once('close', () => {
      const { route, errorCode } = stateOf(request);
      const { method } = request;
      const { statusCode: status } = response;
      metrics.onRequest({ method, route: route?.path, status, errorCode, durationMs: performance.now() - startMs });
    });
    next();
  });
  mountRoutes(app, routes, { access, settings });
  mountDocuments(app, openApi);
  app.use(refusePath, createErrorHandler(log));
  const server = createHttpServer({ headersTimeout: HEADERS_TIMEOUT_MS, requestTimeout: REQUEST_TIMEOUT_MS }, app);
  server.on('clientError', answerClientError);

  return {
    app,
    routes,
    openApi,
    listen: (port, host) => listen(server, port, host),
    async close(timeoutMs) {
      isDraining = true;
      await inHand.close(server, performance.now() + timeoutMs);
    },
  };
}

function createApp(): Express {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.set('case sensitive routing', true);
  return app;
}

function refusePath(): never {
  throw new ApiError('ROUTE_NOT_FOUND', 'No such path: see /docs for those that there are');
}

async function listen(server: Server, port: number, host: string): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => reject(toStartError(cause, port, host)));
    server.listen(port, host, resolve);
  });
  return (server.address() as AddressInfo).port; // an address of a listening TCP server
}

function toStartError(cause: NodeJS.ErrnoException, port: number, host: string): StartError {
  const explanations: Record<string, string> = {
    EADDRINUSE: `Port ${port} on ${host} is taken: stop the program that uses it, or set PORT to another one.`,
    EACCES: `Port ${port} on ${host} may not be used by this user: set PORT to one above 1023.`,
    EADDRNOTAVAIL: `${host} is no address of this machine: set HOST to one that is, such as 127.0.0.1.`,
    ENOTFOUND: `${host} is no address of this machine: set HOST to one that is, such as 127.0.0.1.`,
  };
  const message = explanations[cause.code ?? ''] ?? `Cannot listen on ${host} port ${port}: ${cause.message}`;
  return new StartError('ADDRESS_UNAVAILABLE', message, { cause });
}

const CLIENT_ERRORS: Readonly<Record<string, readonly [ApiErrorCode, string]>> = {
  HPE_HEADER_OVERFLOW: ['HEADERS_TOO_LARGE', 'Request headers must have at most 16 KiB'],
  ERR_HTTP_REQUEST_TIMEOUT: ['REQUEST_TIMEOUT', 'Request did not arrive in time'],
};

/** Answers what is not HTTP, which Express never sees, in the form of all other errors. */
function answerClientError(cause: NodeJS.ErrnoException, socket: Socket): void {
  if (!socket.writable) {
    socket.destroy();
    return;
  }
  const [code, detail] = CLIENT_ERRORS[cause.code ?? ''] ?? ['MALFORMED_HTTP', 'Request is not valid HTTP/1.1'];
  const id = requestIdFrom(undefined);
  const { status, body } = ERROR_WIRES.native(new ApiError(code, detail), id);
  const json = JSON.stringify(body);
  const head = [
    `HTTP/1.1 ${status} ${API_ERRORS[code].error}`,
    'Connection: close',
    'Content-Type: application/json; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(json)}`,
    `X-Request-Id: ${id}`,
  ];
  socket.end([...head, '', json].join('\r\n'));
}
