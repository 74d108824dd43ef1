import type { Server, ServerResponse } from 'node:http';
import { Server as NetServer } from 'node:net';
import type { Socket } from 'node:net';
import { setImmediate as nextTurn, setTimeout as delay } from 'node:timers/promises';

/** For so long, clients that are about to use a connection, or to open one, are still answered, with `Connection: close`. */
const GRACE_MS = 500;
const POLL_INTERVAL_MS = 10;
/** A turn of the event loop that had nothing to do takes some microseconds. */
const SHORT_TURN_MS = 0.1;

/** Requests that are not answered yet, so that a server can end without breaking a promise. */
export class RequestsInHand {
  readonly #server: Server;
  readonly #sockets: ReadonlySet<Socket>;
  readonly #responses = new Set<ServerResponse>();
  #isDraining = false;

  constructor(server: Server) {
    this.#server = server;
    this.#sockets = followConnections(server);
  }

  add(response: ServerResponse): void {
    this.#responses.add(response);
    response.once('close', () => this.#responses.delete(response));
    if (this.#isDraining) response.setHeader('Connection', 'close');
  }

  /**
   * Closes the server: each answer from now on tells its client to open another connection, elsewhere; after half a second no
   * connection is taken any more; and when everything is answered, or at the deadline, the rest is cut.
   */
  async close(deadlineMs: number): Promise<void> {
    const server = this.#server;
    this.#isDraining = true;
    for (const response of this.#responses) if (!response.headersSent) response.setHeader('Connection', 'close');
    if (!server.listening) return;
    const newcomers = new Newcomers(server);
    const untilGraceEnds = (): number => Math.min(GRACE_MS, Math.max(0, deadlineMs - performance.now()));
    await delay(untilGraceEnds());
    await newcomers.untilNoneIsQueued(performance.now() + untilGraceEnds());
    // Not the method of node:http, which also cuts a connection whose first request is on its way.
    const closed = new Promise<void>((resolve) => void NetServer.prototype.close.call(server, () => resolve()));
    const graceEndMs = performance.now() + untilGraceEnds();
    while (newcomers.size > 0 && performance.now() < graceEndMs) await delay(POLL_INTERVAL_MS);
    server.closeIdleConnections();
    while (this.#responses.size > 0 && performance.now() < deadlineMs) await delay(POLL_INTERVAL_MS);
    server.close();
    for (const socket of this.#sockets) socket.destroy(); // node:http does not know those that are in their handshake
    await closed;
  }
}

/** The connections that a server takes from now on, for as long as they are open. */
function followConnections(server: Server): Set<Socket> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  return sockets;
}

/** Connections that were taken since, and have not brought a request yet. */
class Newcomers {
  readonly #sockets: Set<Socket>;
  #count = 0;

  constructor(server: Server) {
    this.#sockets = followConnections(server);
    server.on('connection', () => this.#count++);
    server.on('request', ({ socket }) => this.#sockets.delete(socket));
  }

  get size(): number {
    return this.#sockets.size;
  }

  /**
   * Resolves right after a short turn of the event loop in which none came, or at the deadline. A connection that waits in the
   * kernel's queue is reset when the server closes, and in a turn that answers requests more of them may have come to wait.
   */
  async untilNoneIsQueued(deadlineMs: number): Promise<void> {
    for (let startMs = performance.now(); startMs < deadlineMs; startMs = performance.now()) {
      const before = this.#count;
      await nextTurn();
      if (this.#count === before && performance.now() - startMs < SHORT_TURN_MS) return;
    }
  }
}
