import type { Express, Request, RequestHandler, Response } from 'express';
import type { Route, RouteContext } from '../routes/route.js';
import type { Settings } from '../settings.js';
import { ANONYMOUS } from './access.js';
import type { Access } from './access.js';
import { ApiError } from './api-error.js';
import { readBodyBytes } from './body-bytes.js';
import { addressBlockOf } from './client-address.js';
import { beforeDeadline, timeoutOf } from './deadline.js';
import { assertMediaType, parseJsonBody } from './json-body.js';
import type { RateLimits } from './rate-limits.js';
import { stateOf } from './request-state.js';
import { validateBody } from './validate-body.js';

/** What stands between a client and the routes. */
export interface Doors {
  readonly access: Access;
  readonly limits: RateLimits;
  readonly settings: Pick<Settings, 'requestTimeoutMs' | 'bodyTimeoutMs'>;
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

function createHandler(route: Route, doors: Doors): RequestHandler {
  return async (request, response) => {
    const state = stateOf(request);
    state.route = route;
    const { count, charge } = await admit(route, doors, request, response);
    const deadlineMs = state.startMs + timeoutOf(request, doors.settings.requestTimeoutMs);
    const timeoutMs = Math.min(doors.settings.bodyTimeoutMs, deadlineMs - performance.now());
    const content = await readContent(route, request, response, { timeoutMs, count });
    const over = abortedWhenGone(response);
    const { params } = request as { params: Record<string, string> }; // no path has a wildcard, which alone gives lists
    const context = {
      ...content,
      params,
      requestId: state.id,
      deadlineMs,
      principal: state.principal ?? ANONYMOUS,
      charge,
    };
    try {
      const answer = await beforeDeadline(deadlineMs, over, (signal) => route.handle({ ...context, signal }));
      response.status(answer.status).set(answer.headers ?? {});
      if (answer.body instanceof Uint8Array) response.end(answer.body);
      else response.json(answer.body);
    } catch (error) {
      if (!response.destroyed) throw error; // else nobody is left to be answered
    }
  };
}

interface RequestContent {
  readonly body: object;
  readonly attachment: Uint8Array;
}

/** Counts the bytes of a body, when they are known. */
type CountBody = (sizeBytes: number) => Promise<void>;

interface Admission {
  readonly count: CountBody;
  readonly charge: RouteContext<object>['charge'];
}

/**
 * Lets a request in, or throws what says why not. Its address is counted before its key is looked at, so that trying keys is
 * limited, too. What is open is not counted: probes ask for it all day.
 */
async function admit(
  { scope }: Route,
  { access, limits }: Doors,
  request: Request,
  response: Response,
): Promise<Admission> {
  const state = stateOf(request);
  const address = addressBlockOf(state.client);
  const counted = limits.begin(response);
  if (scope !== 'open') await counted.takeRequest('address', address);
  const principal = access.admit(request, scope);
  state.principal = principal;
  const hasKey = principal.id !== ANONYMOUS.id;
  if (hasKey) await counted.takeRequest('key', principal.id);
  return {
    async count(sizeBytes) {
      if (scope !== 'open') await counted.takeTokens('address', address, sizeBytes);
      if (hasKey) await counted.takeTokens('key', principal.id, sizeBytes);
    },
    async charge(tokens) {
      if (scope !== 'open') await counted.addTokens('address', address, tokens);
      if (hasKey) await counted.addTokens('key', principal.id, tokens);
    },
  };
}

async function readContent(
  { request: expected }: Route,
  request: Request,
  response: Response,
  { timeoutMs, count }: { readonly timeoutMs: number; readonly count: CountBody },
): Promise<RequestContent> {
  if (expected === undefined) return { body: {}, attachment: new Uint8Array() };
  assertMediaType(request, expected);
  const bytes = await readBodyBytes(request, response, { maxBytes: expected.maxBytes, timeoutMs });
  await count(bytes.length);
  const { json, attachment } = parseJsonBody(request, bytes, expected);
  return { body: validateBody(expected.dto, json, expected.unknownFields), attachment };
}

/** Aborted when the connection closes before the answer was sent. */
function abortedWhenGone(response: Response): AbortController {
  const over = new AbortController();
  response.once('close', () => {
    if (!response.writableEnded) over.abort();
  });
  return over;
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
