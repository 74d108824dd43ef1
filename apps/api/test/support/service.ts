import { rm } from 'node:fs/promises';
import { createServer, ExplainerPool, ModelService } from '../../src/index.js';
import type { MarqueeServer, ModelServiceOptions, PredictionRequest, ServedPrediction } from '../../src/index.js';
import { openAccess } from '../../src/http/access.js';
import { createMetrics } from '../../src/metrics/metrics.js';
import { createLog } from '../../src/log.js';
import { resolveSettings } from '../../src/settings.js';
import type { Settings, SettingsSource } from '../../src/settings.js';
import { writeTinyArtifact } from './artifact.js';
import type { TemporaryArtifact } from './artifact.js';

/** The compiled entry of an inference process: Node does not run TypeScript. */
const ENGINE_MODULE = new URL('../../dist/inference/engine-main.js', import.meta.url);
/** That of the explainer process. */
export const EXPLAINER_MODULE = new URL('../../dist/explanation/explainer-main.js', import.meta.url);

const quiet = createLog({ level: 'silent', destination: { write: () => {} } });

/** One process by default, whatever the machine has. */
export function createTinyModelService(
  modelDir: string,
  { timing, engine, ...options }: Partial<ModelServiceOptions> = {},
): ModelService {
  return new ModelService({
    modelDir,
    modelPath: 'artifacts/tiny',
    log: quiet,
    processes: 1,
    engineModule: ENGINE_MODULE,
    engine: { device: 'cpu', ...engine },
    timing: { minBackoffMs: 1, maxBackoffMs: 1000, ...timing },
    ...options,
  });
}

/** Predictions of reviews that have a minute and a client who waits. */
export async function predictAll(
  service: ModelService,
  texts: readonly string[],
  request: Partial<PredictionRequest> = {},
): Promise<readonly ServedPrediction[]> {
  const { predictions } = await service.predict({
    texts,
    priority: texts.length === 1 ? 'single' : 'batch',
    deadlineMs: performance.now() + 60_000,
    signal: new AbortController().signal,
    ...request,
  });
  return predictions;
}

export interface TinyService extends AsyncDisposable {
  readonly modelDir: string;
  /** Version of the model. */
  readonly version: string;
  readonly url: string;
  readonly port: number;
  readonly server: MarqueeServer;
  readonly inference: ModelService;
  readonly explanations: ExplainerPool;
  /** The lines that the server logged, from `warn` up unless `--log-level` says otherwise. */
  readonly log: readonly string[];
  /** Not there until a key is written to it. */
  readonly keysDir: string;
}

export function settingsOf(argv: readonly string[], defaults: SettingsSource['defaults']): Settings {
  const request = resolveSettings({ argv, env: {}, cwd: '/', defaults });
  if (request.kind === 'help') throw new Error('a test wants to serve');
  return request.settings;
}

/** Starts the whole service on a free port with a tiny model in a real inference process. */
export async function startTinyService(
  options: Partial<ModelServiceOptions> = {},
  write: () => Promise<TemporaryArtifact> = writeTinyArtifact,
  argv: readonly string[] = [],
  listenOn = '127.0.0.1',
): Promise<TinyService> {
  const artifact = await write();
  const lines: string[] = [];
  const { keysDir, ...settings } = settingsOf(argv, { modelDir: artifact.dir, keysDir: `${artifact.dir}-keys` });
  const level = argv.includes('--log-level') ? settings.logLevel : 'warn';
  const log = createLog({ level, destination: { write: (line) => lines.push(line) } });
  const metrics = createMetrics();
  const inference = createTinyModelService(artifact.dir, { log, observer: metrics.observer, ...options });
  const access = await openAccess({ ...settings, keysDir }, log);
  const explanations = new ExplainerPool({
    model: () => inference.model,
    observer: metrics.explanationObserver,
    module: EXPLAINER_MODULE,
    niceness: 0, // a machine that is busy with other tests would let it wait for ever
  });
  const server = createServer({ inference, explanations, access, settings, metrics, log });
  const port = await server.listen(0, listenOn);
  await inference.start().ready;
  return {
    modelDir: artifact.dir,
    version: inference.model?.version ?? '',
    url: `http://127.0.0.1:${port}`,
    port,
    server,
    inference,
    explanations,
    log: lines,
    keysDir,
    async [Symbol.asyncDispose]() {
      await server.close(0);
      await explanations.close();
      await inference.close();
      access.close();
      await rm(keysDir, { recursive: true, force: true });
      await artifact[Symbol.asyncDispose]();
    },
  };
}

/** The service after its one process died, and before another one comes. */
export async function startTinyServiceWithoutProcess(): Promise<TinyService> {
  const service = await startTinyService({ timing: { minBackoffMs: 60_000, maxBackoffMs: 60_000 } });
  for (const pid of service.inference.processIds) process.kill(pid, 'SIGKILL');
  await until(() => service.inference.unreadiness === 'no-process');
  return service;
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
