import type { IncomingMessage } from 'node:http';
import type { ErrorRequestHandler, Response } from 'express';
import { ApiError } from './api-error.js';

const MAX_DRAINED_BYTES = 1024 * 1024;
const DRAIN_TIMEOUT_MS = 1000;

export type Log = (message: string) => void;

/** Answers every error as `{ error, detail }`; what is not an ApiError goes to the log and is answered with a fixed sentence. */
export function createErrorHandler(log: Log): ErrorRequestHandler {
  return async (thrown: unknown, request, response, _next) => {
    if (response.headersSent || response.destroyed) {
      response.destroy();
      return;
    }
    const error = toApiError(thrown);
    if (error.status === 500) log(`${request.method} ${request.path}: ${describeCauses(thrown)}`);
    await sendError(request, response, error);
  };
}

function toApiError(thrown: unknown): ApiError {
  if (thrown instanceof ApiError) return thrown;
  return new ApiError('INTERNAL', 'Prediction failed: unexpected error, see the log of the server', { cause: thrown });
}

function describeCauses(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown);
  const description = thrown instanceof ApiError ? thrown.message : (thrown.stack ?? thrown.message);
  return thrown.cause === undefined ? description : `${description}, because ${describeCauses(thrown.cause)}`;
}

/**
 * Sends the answer at once. When some of the body is still on its way, up to 1 MB of it is read and thrown away before the
 * connection is closed: closing over unread bytes resets it, and a client that is still sending would never see the answer.
 */
async function sendError(request: IncomingMessage, response: Response, error: ApiError): Promise<void> {
  const body = Buffer.from(JSON.stringify(error.toBody()));
  response.status(error.status).set(error.headers);
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
      if (drainedBytes > MAX_DRAINED_BYTES) finish();
    });
    request.once('end', finish).once('close', finish).resume();
  });
  request.pause();
}
