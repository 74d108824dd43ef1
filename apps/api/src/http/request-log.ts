import type { Request, RequestHandler, Response } from 'express';
import type { Log } from '../log.js';
import { stateOf } from './request-state.js';
import { parseTraceparent } from './trace-context.js';

/**
 * Logs every request when it is over: `info`, from 500 up `warn`, and `debug` for what is open, which probes ask for all day.
 * Of the address it tells the route alone: what else clients write there, as in headers and bodies, is not the log's to keep.
 */
export function createRequestLog(log: Log): RequestHandler {
  return (request, response, next) => {
    response.once('close', () => logRequest(log, request, response));
    next();
  };
}

function logRequest(log: Log, request: Request, response: Response): void {
  const { id, startMs, client, route, principal } = stateOf(request);
  const traceparent = parseTraceparent(request.headers['traceparent']);
  const status = response.statusCode;
  const fields = {
    request_id: id,
    ...(traceparent !== undefined && { traceparent }),
    method: request.method,
    ...(route && { route: route.path }),
    ...(response.writableFinished ? { status } : { gone: true }),
    duration_ms: Math.round((performance.now() - startMs) * 10) / 10,
    client,
    ...(principal && { principal: principal.id }),
  };
  if (status >= 500) log.warn(fields, 'request');
  else if (status < 400 && route?.scope === 'open') log.debug(fields, 'request');
  else log.info(fields, 'request');
}
