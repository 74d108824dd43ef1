import { rm } from 'node:fs/promises';
import { ChildProcessPool, createPooledInference, createServer, openServedModel } from '../../src/index.js';
import type { ChildProcessPoolOptions, MarqueeServer, ServedModel } from '../../src/index.js';
import { openAccess } from '../../src/http/access.js';
import { createMetrics } from '../../src/metrics/metrics.js';
import { createLog } from '../../src/log.js';
import { resolveSettings } from '../../src/settings.js';
import type { Settings, SettingsSource } from '../../src/settings.js';
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
  /** Not there until a key is written to it. */
  readonly keysDir: string;
}

function settingsOf(argv: readonly string[], defaults: SettingsSource['defaults']): Settings {
  const request = resolveSettings({ argv, env: {}, cwd: '/', defaults });
  if (request.kind === 'help') throw new Error('a test wants to serve');
  return request.settings;
}

/** Starts the whole service on a free port with a tiny model in a real inference process. */
export async function startTinyService(
  options: Partial<ChildProcessPoolOptions> = {},
  write: () => Promise<TemporaryArtifact> = writeTinyArtifact,
  argv: readonly string[] = [],
  listenOn = '127.0.0.1',
): Promise<TinyService> {
  const artifact = await write();
  const log: string[] = [];
  const model = await openServedModel(artifact.dir);
  const pool = createTinyPool(model, options);
  const inference = createPooledInference(pool, { version: model.version, path: 'artifacts/tiny' });
  const serverLog = createLog({ level: 'warn', destination: { write: (line) => log.push(line) } });
  const keysDir = `${artifact.dir}-keys`;
  const settings = settingsOf([...argv], { modelDir: artifact.dir, keysDir });
  const access = await openAccess(settings, serverLog);
  const server = createServer({ inference, access, settings, metrics: createMetrics(), log: serverLog });
  const port = await server.listen(0, listenOn);
  await pool.start();
  return {
    modelDir: artifact.dir,
    version: model.version,
    url: `http://127.0.0.1:${port}`,
    port,
    server,
    pool,
    log,
    keysDir,
    async [Symbol.asyncDispose]() {
      await server.close(0);
      await pool.close();
      access.close();
      await rm(keysDir, { recursive: true, force: true });
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
