import type { IncomingMessage } from 'node:http';
import type { ErrorRequestHandler, Request, Response } from 'express';
import type { Log } from '../log.js';
import { ApiError } from './api-error.js';
import { ERROR_WIRES, wireOfPath } from './error-wires.js';
import { stateOf } from './request-state.js';

const MAX_DRAINED_BYTES = 1024 * 1024;
const DRAIN_TIMEOUT_MS = 1000;

/** Answers every error as its wire has it; what is not an ApiError goes to the log and is answered with a fixed sentence. */
export function createErrorHandler(log: Log): ErrorRequestHandler {
  return async (thrown: unknown, request, response, _next) => {
    if (response.headersSent || response.destroyed) {
      response.destroy();
      return;
    }
    const error = toApiError(thrown);
    if (error.status === 500) log.error({ request_id: stateOf(request).id, err: thrown }, 'a request failed');
    await sendError(request, response, error);
  };
}

function toApiError(thrown: unknown): ApiError {
  if (thrown instanceof ApiError) return thrown;
  if (isRefusedByExpress(thrown)) return new ApiError('MALFORMED_HTTP', 'Path must be percent-encoded UTF-8');
  return new ApiError('INTERNAL', 'Prediction failed: unexpected error, see the log of the server', { cause: thrown });
}

/** Express decodes the `:names` of a path. What it says of one that it cannot decode quotes it. */
function isRefusedByExpress(thrown: unknown): boolean {
  return thrown instanceof URIError && 'status' in thrown && thrown.status === 400;
}

/**
 * Sends the answer at once. When some of the body is still on its way, up to 1 MB of it is read and thrown away before the
 * connection is closed: closing over unread bytes resets it, and a client that is still sending would never see the answer.
 */
async function sendError(request: Request, response: Response, error: ApiError): Promise<void> {
  const state = stateOf(request);
  const { id, route } = state;
  state.errorCode = error.code;
  const answer = ERROR_WIRES[route?.wire ?? wireOfPath(request.path)](error, id);
  const body = Buffer.from(JSON.stringify(answer.body));
  response.status(answer.status).set(error.headers);
  response.set({ 'Content-Type': 'application/json; charset=utf-8', 'Content-Length': String(body.length) });
  if (!hasUnreadBody(request)) {
    response.end(body);
    return;
  }
  response.set('Connection', 'close');
  response.write(body);
  await drain(request);
  response.end();
}

function hasUnreadBody(request: IncomingMessage): boolean {
  const announced = Number(request.headers['content-length'] ?? 0) > 0 || 'transfer-encoding' in request.headers;
  return announced && !request.complete && !request.destroyed;
}

async function drain(request: IncomingMessage): Promise<void> {
  let drainedBytes = 0;
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, DRAIN_TIMEOUT_MS);
    const finish = (): void => {
      clearTimeout(timer);
      resolve();
    };
    request.on('data', (chunk: Buffer) => {
      drainedBytes += chunk.length;
      if (drainedBytes > MAX_DRAINED_BYTES) request.pause(); // the client has what is left of the time to see the answer
    });
    request.once('end', finish).once('close', finish).resume();
  });
}
