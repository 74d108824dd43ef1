import { type ChildProcess, fork, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

import { BenchError } from './bench-error.js';

const SIGNALS = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;
const living = new Set<ChildProcess>();
let watched = false;

/** Children end when this process does, however it is told to. */
export function adopt(child: ChildProcess): void {
  living.add(child);
  child.once('exit', () => living.delete(child));
  if (watched) return;
  watched = true;
  process.once('exit', () => {
    for (const other of living) other.kill('SIGKILL');
  });
  for (const [signal, status] of Object.entries(SIGNALS)) process.once(signal, () => process.exit(status));
}

/** Runs a program that prints one JSON object as its last line and gives that object. Throws `CHILD_FAILED` with the end of its stderr. */
export async function runForJson(command: string, args: readonly string[]): Promise<unknown> {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  adopt(child);
  const output = { stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream].setEncoding('utf8').on('data', (text: string) => (output[stream] += text));
  }
  const status = await new Promise<number | string>((resolve, reject) => {
    child.once('error', (cause) => {
      reject(new BenchError('CHILD_FAILED', `${command} could not be started: ${cause.message}`, { cause }));
    });
    child.once('close', (code, signal) => resolve(code ?? signal ?? 'unknown'));
  });
  if (status !== 0) {
    const reason = output.stderr.trim().split('\n').slice(-5).join('\n');
    throw new BenchError('CHILD_FAILED', `${command} ${args.join(' ')} ended with ${status}:\n${reason}`);
  }
  return JSON.parse(output.stdout.trim().split('\n').at(-1) ?? '');
}

/** Runs a worker of this package, such as `training-worker`, in a fresh process, with one JSON argument. */
export function runWorker(url: URL, request: object): Promise<unknown> {
  return runForJson(process.execPath, [fileURLToPath(url), JSON.stringify(request)]);
}

/** The argument that `runWorker` or `startWorker` gave; its shape is the caller's promise. */
export const workerRequest = (): unknown => JSON.parse(process.argv[2] ?? 'null');

export interface Worker {
  /** Sends one message and resolves to the answer. One at a time. */
  ask(message: unknown): Promise<unknown>;
  /** Sends a message that has no answer of its own. */
  tell(message: unknown): void;
  stop(): Promise<void>;
}

/** Starts a worker that answers messages, and waits for its first one, which says that it is ready. */
export async function startWorker(url: URL, request: object): Promise<Worker> {
  const child = fork(fileURLToPath(url), [JSON.stringify(request)], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  adopt(child);
  // 'exit', since a child that was disconnected emits no 'close'.
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const answer = (): Promise<unknown> =>
    new Promise((resolve, reject) => {
      const onExit = (code: number | null): void => {
        reject(
          new BenchError('CHILD_FAILED', `a worker for ${JSON.stringify(request)} ended with ${code ?? 'a signal'}`),
        );
      };
      child.once('exit', onExit);
      child.once('message', (message) => {
        child.off('exit', onExit);
        resolve(message);
      });
    });
  await answer();
  return {
    ask(message) {
      const answered = answer();
      child.send(message as object);
      return answered;
    },
    tell: (message) => void child.send(message as object),
    async stop() {
      child.disconnect();
      await exited;
    },
  };
}
