import { ChildProcessPool, createPooledInference, createServer, openServedModel } from '../../src/index.js';
import type { ChildProcessPoolOptions, MarqueeServer, ServedModel } from '../../src/index.js';
import { createMetrics } from '../../src/metrics/metrics.js';
import { createLog } from '../../src/log.js';
import { writeTinyArtifact } from './artifact.js';
import type { TemporaryArtifact } from './artifact.js';

/** The compiled child: Node does not run TypeScript. */
const CHILD_MODULE = new URL('../../dist/inference/child-main.js', import.meta.url);

const quiet = createLog({ level: 'silent', destination: { write: () => {} } });

export function createTinyPool(model: ServedModel, options: Partial<ChildProcessPoolOptions> = {}): ChildProcessPool {
  const child = { dir: model.dir, version: model.version, options: { device: 'cpu', graph: 'int8' } } as const;
  return new ChildProcessPool({ model: child, log: quiet, childModule: CHILD_MODULE, minBackoffMs: 1, ...options });
}

export interface TinyService extends AsyncDisposable {
  readonly modelDir: string;
  /** Version of the model. */
  readonly version: string;
  readonly url: string;
  readonly port: number;
  readonly server: MarqueeServer;
  readonly pool: ChildProcessPool;
  /** The lines that the server logged, from `warn` up. */
  readonly log: readonly string[];
}

/** Starts the whole service on a free port with a tiny model in a real inference process. */
export async function startTinyService(
  options: Partial<ChildProcessPoolOptions> = {},
  write: () => Promise<TemporaryArtifact> = writeTinyArtifact,
): Promise<TinyService> {
  const artifact = await write();
  const log: string[] = [];
  const model = await openServedModel(artifact.dir);
  const pool = createTinyPool(model, options);
  const inference = createPooledInference(pool, { version: model.version, path: 'artifacts/tiny' });
  const server = createServer({
    inference,
    metrics: createMetrics(),
    log: createLog({ level: 'warn', destination: { write: (line) => log.push(line) } }),
  });
  const port = await server.listen(0, '127.0.0.1');
  await pool.start();
  return {
    modelDir: artifact.dir,
    version: model.version,
    url: `http://127.0.0.1:${port}`,
    port,
    server,
    pool,
    log,
    async [Symbol.asyncDispose]() {
      await server.close(0);
      await pool.close();
      await artifact[Symbol.asyncDispose]();
    },
  };
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: unknown;
}

export async function post(url: string, body: unknown): Promise<Answer> {
  return send(url, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) });
}

export async function send(url: string, init: RequestInit = {}): Promise<Answer> {
  const response = await fetch(url, init);
  return { status: response.status, headers: response.headers, body: await response.json() };
}

/** Resolves as soon as `holds` does; the test's own time-out ends a wait in vain. */
export async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 10));
}
