import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import { BenchError } from '../bench-error.js';
import { adopt } from '../child-process.js';
import { createHttpClient } from './http-client.js';

const READY_POLL_MS = 5;
const READY_TIMEOUT_MS = 120_000;
const STOP_TIMEOUT_MS = 40_000;

/** How a server is started: as its users start it. */
export interface ServerCommand {
  readonly name: string;
  readonly command: string;
  readonly args: (port: number) => readonly string[];
  /** Added to the environment of this process. */
  readonly env?: (port: number) => Readonly<Record<string, string>>;
  /** Answers 200 as soon as predictions are answered. */
  readonly readyPath: string;
}

interface Ending {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface RunningServer {
  readonly name: string;
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  /** From its start to the first answer that says it is ready. */
  readonly readyMs: number;
  readonly exited: Promise<Ending>;
  signal(signal: NodeJS.Signals): void;
  /** SIGTERM, and SIGKILL for who does not heed it. */
  stop(): Promise<void>;
  /** What it has written to either output. */
  log(): string;
}

/** Starts a server on a free port of its own and waits until it is ready. Throws `CHILD_FAILED` with the end of its log. */
async function startServer(server: ServerCommand, logDir: string): Promise<RunningServer> {
  const port = await freePort();
  const logFile = join(logDir, `${server.name.replaceAll(/\W+/g, '-')}-${port}.log`);
  const output = openSync(logFile, 'w');
  const startMs = performance.now();
  const child = spawn(server.command, server.args(port), {
    stdio: ['ignore', output, output],
    env: { ...withoutNpm(process.env), ...server.env?.(port) },
  });
  closeSync(output);
  adopt(child);
  const exited = new Promise<Ending>((resolve) => {
    child.once('error', () => resolve({ code: null, signal: null }));
    child.once('exit', (code, signal) => resolve({ code, signal }));
  });
  const life = { isOver: false };
  void exited.then(() => (life.isOver = true));
  const url = `http://127.0.0.1:${port}`;
  const log = (): string => readFileSync(logFile, 'utf8');
  const failed = (what: string): BenchError =>
    new BenchError('CHILD_FAILED', `${server.name} ${what}:\n${log().trim().split('\n').slice(-5).join('\n')}`);

  const client = createHttpClient(url);
  try {
    for (;;) {
      const { status } = await client.send({ method: 'GET', path: server.readyPath, reviews: 0 }, READY_TIMEOUT_MS);
      if (status === 200) break;
      if (life.isOver) throw failed('ended before it was ready');
      if (performance.now() - startMs > READY_TIMEOUT_MS) throw failed(`was not ready in ${READY_TIMEOUT_MS} ms`);
      await delay(READY_POLL_MS);
    }
  } catch (error) {
    child.kill('SIGKILL');
    throw error;
  } finally {
    client.close();
  }
  return {
    name: server.name,
    url,
    port,
    pid: child.pid ?? 0, // it has answered
    readyMs: performance.now() - startMs,
    exited,
    log,
    signal: (signal) => void child.kill(signal),
    async stop() {
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
      await exited;
      clearTimeout(timer);
    },
  };
}

/** Starts servers one after the other, lends them, and stops them all. */
export async function withServers<Result>(
  servers: readonly ServerCommand[],
  logDir: string,
  work: (running: readonly RunningServer[]) => Promise<Result>,
): Promise<Result> {
  const running: RunningServer[] = [];
  try {
    for (const server of servers) running.push(await startServer(server, logDir));
    return await work(running);
  } finally {
    await Promise.all(running.map((server) => server.stop()));
  }
}

/** Lends one server. */
export function withServer<Result>(
  server: ServerCommand,
  logDir: string,
  work: (running: RunningServer) => Promise<Result>,
): Promise<Result> {
  return withServers([server], logDir, ([running]) => work(running as RunningServer)); // one was started
}

/** A server that finds npm in its environment ends with that npm: here it is started by nobody but us. */
function withoutNpm(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith('npm_')));
}

/** A port that was free a moment ago. */
async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve, reject) => {
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', resolve);
  });
  const { port } = probe.address() as { port: number }; // of a listening TCP server
  await new Promise((resolve) => probe.close(resolve));
  return port;
}
