import { Agent, type IncomingMessage, request as httpRequest } from 'node:http';

import type { Exchange } from './load-protocol.js';

export interface Answer {
  /** 0 when no whole answer came. */
  readonly status: number;
  readonly failure?: string;
  readonly retryAfter?: string;
  readonly body: string;
}

export interface HttpClient {
  /** Never rejects: what went wrong stands in the answer. */
  send(exchange: Exchange, timeoutMs: number, requestId?: string): Promise<Answer>;
  close(): void;
}

/** A client of one server that keeps its connections and opens as many as there are requests at a time. */
export function createHttpClient(url: string): HttpClient {
  const agent = new Agent({ keepAlive: true, maxSockets: Infinity, maxFreeSockets: Infinity });
  return {
    send: ({ method, path, body }, timeoutMs, requestId) =>
      new Promise((resolve) => {
        const fail = (failure: string): void => resolve({ status: 0, failure, body: '' });
        const headers = {
          ...(body !== undefined && { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) }),
          ...(requestId !== undefined && { 'X-Request-Id': requestId }),
        };
        const request = httpRequest(new URL(path, url), { method, agent, headers }, (response) => {
          readAnswer(response).then(resolve, () => fail('answer cut off'));
        });
        // Not of the socket: an answer that trickles in forever is none either.
        const timer = setTimeout(() => request.destroy(new Error('no answer in time')), timeoutMs);
        request.once('close', () => clearTimeout(timer));
        request.once('error', (error: NodeJS.ErrnoException) => {
          fail(`${error.code ?? error.message}${request.reusedSocket ? ' on a kept connection' : ''}`);
        });
        request.end(body);
      }),
    close: () => agent.destroy(),
  };
}

async function readAnswer(response: IncomingMessage): Promise<Answer> {
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  const retryAfter = response.headers['retry-after'];
  return {
    status: response.statusCode ?? 0,
    body: Buffer.concat(chunks).toString(),
    ...(retryAfter !== undefined && { retryAfter }),
  };
}
