import type { Socket } from 'node:net';
import { API_ERRORS } from '@marquee/contracts';
import type { ApiErrorCode } from '@marquee/contracts';
import type { Log } from '../log.js';
import { ApiError } from './api-error.js';
import { ERROR_WIRES } from './error-wires.js';
import { newRequestId } from './request-id.js';

/** Time that a client has to take the answer. */
const FLUSH_TIMEOUT_MS = 1_000;

const CLIENT_ERRORS: Readonly<Record<string, readonly [ApiErrorCode, string]>> = {
  HPE_HEADER_OVERFLOW: ['HEADERS_TOO_LARGE', 'Request headers must have at most 16 KiB'],
  ERR_HTTP_REQUEST_TIMEOUT: ['REQUEST_TIMEOUT', 'Request did not arrive in time'],
};

/** Answers what is not HTTP, which Express never sees, in the form of all other errors. */
export function createClientErrorHandler(log: Log): (cause: NodeJS.ErrnoException, socket: Socket) => void {
  return (cause, socket) => {
    if (!socket.writable) {
      socket.destroy();
      return;
    }
    const [code, detail] = CLIENT_ERRORS[cause.code ?? ''] ?? ['MALFORMED_HTTP', 'Request is not valid HTTP/1.1'];
    const id = newRequestId();
    log.info({ request_id: id, code, client: socket.remoteAddress }, 'a request could not be read');
    // Not to be left half open: Node would go on to read a request of it, and serve it.
    socket.end(toHttp(new ApiError(code, detail), id), () => socket.destroy());
    setTimeout(() => socket.destroy(), FLUSH_TIMEOUT_MS).unref();
  };
}

function toHttp(error: ApiError, id: string): string {
  const { status, body } = ERROR_WIRES.native(error, id);
  const json = JSON.stringify(body);
  const head = [
    `HTTP/1.1 ${status} ${API_ERRORS[error.code].error}`,
    'Connection: close',
    'Content-Type: application/json; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(json)}`,
    `X-Request-Id: ${id}`,
  ];
  return [...head, '', json].join('\r\n');
}
