import type { Server, ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';

/** For so long, clients that are about to use a connection, or to open one, are still answered, with `Connection: close`. */
const GRACE_MS = 500;
const POLL_INTERVAL_MS = 10;

/** Requests that are not answered yet, so that a server can end without breaking a promise. */
export class RequestsInHand {
  readonly #responses = new Set<ServerResponse>();
  #isDraining = false;

  add(response: ServerResponse): void {
    this.#responses.add(response);
    response.once('close', () => this.#responses.delete(response));
    if (this.#isDraining) response.setHeader('Connection', 'close');
  }

  /**
   * Closes a server: each answer from now on tells its client to open another connection, elsewhere; after half a second no
   * connection is taken any more; and when everything is answered, or at the deadline, the rest is cut.
   */
  async close(server: Server, deadlineMs: number): Promise<void> {
    this.#isDraining = true;
    for (const response of this.#responses) if (!response.headersSent) response.setHeader('Connection', 'close');
    if (!server.listening) return;
    await delay(Math.min(GRACE_MS, Math.max(0, deadlineMs - performance.now())));
    const closed = new Promise<void>((resolve) => void server.close(() => resolve())); // idle connections end here
    while (this.#responses.size > 0 && performance.now() < deadlineMs) await delay(POLL_INTERVAL_MS);
    server.closeAllConnections();
    await closed;
  }
}
