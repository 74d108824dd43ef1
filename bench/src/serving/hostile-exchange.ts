import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

import type { HostileRequest } from './hostile-requests.js';

export interface HostileAnswer {
  /** 0 when the connection ended without an answer. */
  readonly status: number;
  /** From the first byte sent to the last of the head of the answer. */
  readonly latencyMs: number;
  /** Bytes that were sent until the answer came. */
  readonly sentBytes: number;
}

/** Sends a request over a connection of its own, as slowly as the server reads, and stops when it is answered. */
export async function sendHostile(
  port: number,
  { head, body }: HostileRequest,
  timeoutMs: number,
): Promise<HostileAnswer> {
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  const startMs = performance.now();
  const answered = readStatus(socket, timeoutMs);
  const progress = { isAnswered: false };
  void answered.then(() => (progress.isAnswered = true));
  socket.write(`${head.join('\r\n')}\r\nHost: 127.0.0.1:${port}\r\n\r\n`);
  let sentBytes = 0;
  for (const piece of body()) {
    if (progress.isAnswered || !socket.writable) break;
    sentBytes += piece.length;
    // Whoever waits for a reader that has gone waits for the answer instead.
    if (!socket.write(piece)) await Promise.race([once(socket, 'drain').catch(() => undefined), answered]);
  }
  const status = await answered;
  const latencyMs = performance.now() - startMs;
  socket.destroy();
  return { status, latencyMs, sentBytes };
}

/** The status of the answer; 0 when there is none by the end of the connection or of the time. */
function readStatus(socket: Socket, timeoutMs: number): Promise<number> {
  return new Promise((resolve) => {
    let text = '';
    const timer = setTimeout(() => resolve(0), timeoutMs);
    const end = (status: number): void => {
      clearTimeout(timer);
      resolve(status);
    };
    socket.setEncoding('latin1').on('data', (chunk: string) => {
      text += chunk;
      const found = /^HTTP\/1\.[01] (\d{3}) /.exec(text);
      if (found && text.includes('\r\n\r\n')) end(Number(found[1]));
    });
    socket.on('error', () => end(0));
    socket.on('close', () => end(0));
  });
}
