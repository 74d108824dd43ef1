import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ExplainerPool } from './explanation/explainer-pool.js';
import { openAccess } from './http/access.js';
import type { Access } from './http/access.js';
import { ModelService } from './inference/model-service.js';
import { runKeysCommand } from './keys/keys-command.js';
import { watchScriptRunner } from './lifecycle/parent-watch.js';
import { EXIT_CODE_BUG, StartError } from './lifecycle/start-error.js';
import { endByHangup, hasTerminal } from './lifecycle/terminal.js';
import { createLog } from './log.js';
import type { Log } from './log.js';
import { createMetrics } from './metrics/metrics.js';
import type { Metrics } from './metrics/metrics.js';
import { createServer } from './server.js';
import type { MarqueeServer } from './server.js';
import { resolveSettings } from './settings.js';
import type { Settings } from './settings.js';

const inRepository = (path: string): string => fileURLToPath(new URL(`../../../${path}`, import.meta.url));
const DEFAULT_MODEL_DIR = inRepository('artifacts/marquee');
const DEFAULT_KEYS_DIR = inRepository('.marquee/keys');

/** Of the time to drain, that to send the last answers. */
const LAST_ANSWERS_MS = 500;

const hadTerminal = hasTerminal();
const isTerminalGone = (): boolean => hadTerminal && !hasTerminal();

async function main(): Promise<void> {
  const [command, ...argv] = process.argv.slice(2);
  if (command === 'keys') return manageKeys(argv);
  const request = resolveSettings({
    argv: process.argv.slice(2),
    env: process.env,
    cwd: process.cwd(),
    defaults: { modelDir: DEFAULT_MODEL_DIR, keysDir: DEFAULT_KEYS_DIR },
  });
  if (request.kind === 'help') process.stdout.write(request.text);
  else await serve(request.settings);
}

function manageKeys(argv: readonly string[]): Promise<void> {
  return runKeysCommand(argv, {
    keysDir: process.env['MARQUEE_KEYS_DIR'],
    defaultKeysDir: DEFAULT_KEYS_DIR,
    cwd: process.cwd(),
    now: () => new Date(),
    write: (text) => void process.stdout.write(text),
    say: (sentence) => void process.stderr.write(`${sentence}\n`),
  });
}

async function serve(settings: Settings): Promise<void> {
  const log = createLog({ level: settings.logLevel, destination: process.stderr });
  const metrics = createMetrics();
  const service = createService(settings, metrics, log);
  const explanations = new ExplainerPool({ model: () => service.model, observer: metrics.explanationObserver });
  const open: { access?: Access; server?: MarqueeServer } = {};
  const close = async (): Promise<void> => {
    const lastAnswerMs = performance.now() + settings.drainTimeoutMs - LAST_ANSWERS_MS;
    service.drain(lastAnswerMs);
    explanations.drain(lastAnswerMs);
    await open.server?.close(settings.drainTimeoutMs);
    await explanations.close();
    await service.close();
    open.access?.close();
  };
  // A signal may come twice: the terminal sends it to everybody, and npm passes it on. The second one is the same request.
  const stopping = new AbortController();
  const stop = (reason: string, exitCode = 0): void => {
    if (stopping.signal.aborted) return;
    stopping.abort();
    log.info({ reason }, 'stopping');
    void close().then(() => exit(exitCode), exitWithError);
  };
  service.onHopeless = () => stop('the inference processes die before they answer', EXIT_CODE_BUG);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => stop(signal));
  onHangup({
    reload: () => void open.server?.reload().catch(() => {}), // the log tells of it
    stop: () => stop('the terminal is gone'),
  });
  watchRunner(() => stop('the npm that started this server is gone'));

  try {
    open.access = await openAccess(settings, log);
    open.server = createServer({ inference: service, explanations, access: open.access, settings, metrics, log });
    const { verified, ready } = service.start();
    await verified;
    const port = await open.server.listen(settings.port, settings.host);
    await ready;
    if (!stopping.signal.aborted) greet(settings, port);
  } catch (error) {
    if (stopping.signal.aborted) return;
    stopping.abort();
    await close();
    throw error;
  }
}

function createService(
  { modelDir, device, graph, processes, threads = 1, maxQueueReviews, maxQueueTokens }: Settings,
  { observer }: Metrics,
  log: Log,
): ModelService {
  return new ModelService({
    modelDir,
    modelPath: describeModelDir(modelDir),
    observer,
    log,
    engine: { device, graph, intraOpThreads: threads },
    limits: { maxReviews: maxQueueReviews, maxTokens: maxQueueTokens },
    ...(processes !== undefined && { processes }),
  });
}

/** SIGHUP asks a service to read its files anew. It is also what a terminal sends when it is closed, and that ends a program. */
function onHangup({ reload, stop }: { readonly reload: () => void; readonly stop: () => void }): void {
  process.on('SIGHUP', () => (isTerminalGone() ? stop() : reload()));
}

function watchRunner(onGone: () => void): void {
  const { npm_lifecycle_event: event, npm_lifecycle_script: script } = process.env;
  if (event !== undefined && script !== undefined) watchScriptRunner({ event, script }, onGone);
}

/** As short as it names the folder: clients see it in /model/info. */
function describeModelDir(modelDir: string): string {
  if (modelDir === DEFAULT_MODEL_DIR) return 'artifacts/marquee';
  const fromHere = relative(process.cwd(), modelDir);
  return fromHere === '' || fromHere.startsWith('..') ? modelDir : fromHere;
}

function greet({ modelDir, host, tlsCert }: Settings, port: number): void {
  const wildcards: Readonly<Record<string, string>> = { '0.0.0.0': '127.0.0.1', '::': '[::1]' };
  const url = `http${tlsCert === undefined ? '' : 's'}://${wildcards[host] ?? (host.includes(':') ? `[${host}]` : host)}:${port}`;
  process.stdout.write(
    [
      `Marquee serves ${describeModelDir(modelDir)} on ${url} (documents: ${url}/docs). Try:`,
      `  curl -s ${url}/predict -H 'Content-Type: application/json' -d '{"text": "A triumph from start to finish."}'`,
      '',
    ].join('\n'),
  );
}

/** For the operator, who reads it in a terminal: one sentence, not JSON. */
function exitWithError(error: unknown): never {
  const isKnown = error instanceof StartError;
  const sentence = isKnown ? error.message : `this is a bug: ${error instanceof Error ? error.stack : String(error)}`;
  process.stderr.write(`marquee: ${sentence}\n`);
  exit(isKnown ? error.exitCode : EXIT_CODE_BUG);
}

function exit(code: number): never {
  if (isTerminalGone()) endByHangup();
  process.exit(code);
}

// Whoever read the output may be gone before this process is: that is no reason to end otherwise than asked.
process.stdout.on('error', () => {});
process.stderr.on('error', () => {});

await main().catch(exitWithError);
