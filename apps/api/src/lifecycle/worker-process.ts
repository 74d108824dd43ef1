import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { setPriority } from 'node:os';
import { fileURLToPath } from 'node:url';

/** Niceness of the processes that work for the server, which itself runs at 0: it must answer while they compute. */
export const NICENESS = { inference: 10, explanation: 19 } as const;

const DEFAULT_EXIT_TIMEOUT_MS = 3_000;

export interface WorkerProcessOptions<Reply> {
  /** Compiled entry of the process, which calls `serveParent`. */
  readonly module: URL;
  /** Its niceness, 0 to 19. */
  readonly niceness: number;
  /** Time that the process has to end by itself at `close`, before it is killed. Default 3 s. */
  readonly exitTimeoutMs?: number;
  readonly onReply: (reply: Reply) => void;
}

/**
 * A child process and its channel, over which typed arrays travel as they are. It ends when the channel closes, so that none
 * outlives the server; signals that reach the whole process group are ignored by it (see `serveParent`).
 */
export class WorkerProcess<Request extends object, Reply> {
  /** Resolves with the reason when the process has ended, or could not be started. Never rejects. */
  readonly exited: Promise<string>;
  readonly #child: ChildProcess;
  readonly #exitTimeoutMs: number;
  #hasEnded = false;

  constructor({ module, niceness, exitTimeoutMs = DEFAULT_EXIT_TIMEOUT_MS, onReply }: WorkerProcessOptions<Reply>) {
    this.#exitTimeoutMs = exitTimeoutMs;
    this.#child = fork(fileURLToPath(module), [], {
      execArgv: [], // an inspector's port belongs to the server
      serialization: 'advanced',
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    if (this.#child.pid !== undefined) lowerPriority(this.#child.pid, niceness);
    this.#child.on('message', (reply) => onReply(reply as Reply)); // what the module sends is part of its interface
    this.exited = new Promise((resolve) => {
      const end = (reason: string): void => {
        this.#hasEnded = true;
        resolve(reason);
      };
      this.#child.on('error', (error) => {
        if (this.#child.pid === undefined) end(`could not run: ${error.message}`);
      });
      this.#child.once('exit', (code, signal) => end(`ended by ${signal ?? `exit code ${code}`}`));
    });
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** A request to a process that is gone is lost; `exited` tells who waits for the reply. */
  send(request: Request): void {
    if (this.#child.connected) this.#child.send(request, () => {});
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }

  /** Asks the process to end by closing its channel, and kills it when it does not. */
  async close(): Promise<void> {
    const timer = setTimeout(() => this.kill(), this.#exitTimeoutMs);
    if (this.#child.connected) this.#child.disconnect();
    await this.exited;
    clearTimeout(timer);
  }
}

/** Where it is not allowed, the process computes at the server's own priority. */
function lowerPriority(pid: number, niceness: number): void {
  try {
    setPriority(pid, niceness);
  } catch {
    // already gone, or a sandbox without the call
  }
}
