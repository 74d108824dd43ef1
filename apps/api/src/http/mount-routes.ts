import type { Express, Request, RequestHandler, Response } from 'express';
import type { Route } from '../routes/route.js';
import type { Settings } from '../settings.js';
import type { Access } from './access.js';
import { ApiError } from './api-error.js';
import { beforeDeadline, timeoutOf } from './deadline.js';
import { readJsonBody } from './json-body.js';
import { stateOf } from './request-state.js';
import { validateBody } from './validate-body.js';

/** What stands between a client and the routes. */
export interface Doors {
  readonly access: Access;
  readonly settings: Pick<Settings, 'requestTimeoutMs'>;
}

/** Adds the routes to Express, and a 405 with `Allow` for the other methods of their paths. */
export function mountRoutes(app: Express, routes: readonly Route[], doors: Doors): void {
  for (const route of routes) {
    if (route.method === 'GET') app.get(route.path, createHandler(route, doors));
    else app.post(route.path, createHandler(route, doors));
  }
  for (const path of new Set(routes.map((route) => route.path))) {
    const methods = routes.filter((route) => route.path === path).map(({ method }) => method);
    app.all(path, refuseMethod(methods.flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : [method]))));
  }
}

function createHandler(route: Route, { access, settings }: Doors): RequestHandler {
  return async (request, response) => {
    const state = stateOf(request);
    state.route = route;
    state.principal = access.admit(request, route.scope);
    const deadlineMs = state.startMs + timeoutOf(request, settings.requestTimeoutMs);
    const content = await readContent(route, request);
    const gone = abortedWhenGone(response);
    const { params } = request as { params: Record<string, string> }; // no path has a wildcard, which alone gives lists
    const context = { ...content, params, requestId: state.id, deadlineMs, principal: state.principal };
    try {
      const answer = await beforeDeadline(deadlineMs, gone, (signal) => route.handle({ ...context, signal }));
      response.status(answer.status).set(answer.headers ?? {});
      if (answer.body instanceof Uint8Array) response.end(answer.body);
      else response.json(answer.body);
    } catch (error) {
      if (!gone.aborted) throw error; // nobody is left to be answered
    }
  };
}

interface RequestContent {
  readonly body: object;
  readonly attachment: Uint8Array;
}

async function readContent({ request: expected }: Route, request: Request): Promise<RequestContent> {
  if (expected === undefined) return { body: {}, attachment: new Uint8Array() };
  const { json, attachment } = await readJsonBody(request, expected);
  return { body: validateBody(expected.dto, json, expected.unknownFields), attachment };
}

/** Aborted when the connection closes before the answer was sent. */
function abortedWhenGone(response: Response): AbortSignal {
  const gone = new AbortController();
  response.once('close', () => {
    if (!response.writableEnded) gone.abort();
  });
  return gone.signal;
}

export function refuseMethod(allowed: readonly string[]): RequestHandler {
  return (request) => {
    throw new ApiError(
      'METHOD_NOT_ALLOWED',
      `${request.method} is not allowed here, expected ${allowed.join(' or ')}`,
      {
        headers: { Allow: allowed.join(', ') },
      },
    );
  };
}
