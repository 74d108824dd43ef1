export interface ParentChannel<Request, Reply extends object> {
  /** Called with each request as it arrives, before its turn comes. */
  readonly arrive?: (request: Request) => void;
  /** Called with one request at a time, in their order; it must not throw. */
  readonly handle: (request: Request, reply: (reply: Reply) => void) => Promise<void>;
  /** Called once, when the channel has closed and the work in hand is done. */
  readonly close: () => Promise<void>;
}

/**
 * The child's side of `WorkerProcess`: answers requests until the channel closes, which it also does when the server is killed,
 * then ends. Never ends while a request is handled: to exit inside a run of the runtime aborts the process, and so does Node's own
 * exit where the terminal has been closed, so that the end is a signal that nothing can come in the way of.
 *
 * An entry ignores the signals that a whole process group gets before it imports anything else:
 * `for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => {});`
 */
export function serveParent<Request, Reply extends object>(
  child: NodeJS.Process,
  { arrive, handle, close }: ParentChannel<Request, Reply>,
): void {
  let work = Promise.resolve();
  const reply = (message: Reply): void => {
    // A closed channel is noticed by 'disconnect'; the reply has no reader then.
    if (child.connected) child.send?.(message, () => {});
  };
  child.on('message', (message) => {
    const request = message as Request; // the two are of one build
    arrive?.(request);
    work = work.then(() => (child.connected ? handle(request, reply) : undefined));
  });
  child.once('disconnect', () => {
    void work.then(close).finally(() => child.kill(child.pid, 'SIGKILL'));
  });
}
