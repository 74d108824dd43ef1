import { spawn, spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { until } from './service.js';

/** Undefined where there is none; then it says so. */
export const CHROMIUM = ['chromium', 'chromium-browser', 'google-chrome'].find(
  (name) => spawnSync(name, ['--version'], { stdio: 'ignore' }).status === 0,
);

/** What a browser did to show a page. */
export interface Visit {
  /** Every address that it asked for. */
  readonly requests: readonly string[];
  /** Of the whole page, which a window that is narrower cannot show. */
  readonly pageWidth: number;
  /** What it complained of: in its log, as warnings and errors on its console, and as exceptions. */
  readonly complaints: readonly string[];
}

interface Message {
  readonly id?: number;
  readonly method?: string;
  readonly params?: Record<string, unknown>;
  readonly result?: Record<string, unknown>;
}

const FLAGS = ['--headless', '--remote-debugging-pipe', '--no-sandbox', '--disable-gpu', '--no-first-run'];

/** Shows a page in headless Chromium, in a window of that width, until `isShown`, a JavaScript expression, is true in it. */
export async function visit(url: string, isShown: string, windowWidth = 1280): Promise<Visit> {
  if (CHROMIUM === undefined) throw new Error('there is no Chromium here');
  const profile = await mkdtemp(join(tmpdir(), 'marquee-chromium-'));
  const child = spawn(CHROMIUM, [...FLAGS, `--user-data-dir=${profile}`], {
    stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'],
  });
  const gone = new Promise((resolve) => child.once('exit', resolve));
  const browser = new DevTools(child.stdio[3] as Writable, child.stdio[4] as Readable); // they are pipes, as asked for
  try {
    const { targetId } = await browser.call('Target.createTarget', { url: 'about:blank' });
    const { sessionId } = await browser.call('Target.attachToTarget', { targetId, flatten: true });
    const page = (method: string, params: object = {}) => browser.call(method, params, String(sessionId));
    for (const domain of ['Network', 'Log', 'Runtime', 'Page']) await page(`${domain}.enable`);
    const mobile = windowWidth < 640;
    await page('Emulation.setDeviceMetricsOverride', {
      width: windowWidth,
      height: 1200,
      deviceScaleFactor: 1,
      mobile,
    });
    const evaluate = async (expression: string): Promise<unknown> => {
      const { result } = await page('Runtime.evaluate', { expression });
      return (result as { value?: unknown }).value;
    };
    await page('Page.navigate', { url });
    await until(async () => (await evaluate(`Boolean(${isShown})`)) === true);
    return { ...browser.visit, pageWidth: Number(await evaluate('document.documentElement.scrollWidth')) };
  } finally {
    child.kill('SIGKILL');
    await gone;
    await rm(profile, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** The Chrome DevTools Protocol over pipes: messages of JSON, each ended by NUL. */
class DevTools {
  readonly visit = { requests: [] as string[], complaints: [] as string[] };
  readonly #pending = new Map<number, (result: Record<string, unknown>) => void>();
  readonly #output: Writable;
  #received = '';
  #lastId = 0;

  constructor(output: Writable, input: Readable) {
    this.#output = output;
    input.setEncoding('utf8').on('data', (chunk: string) => this.#receive(chunk));
  }

  call(method: string, params: object, sessionId?: string): Promise<Record<string, unknown>> {
    const id = ++this.#lastId;
    this.#output.write(`${JSON.stringify({ id, method, params, sessionId })}\0`);
    return new Promise((resolve) => this.#pending.set(id, resolve));
  }

  #receive(chunk: string): void {
    const messages = (this.#received + chunk).split('\0');
    this.#received = messages.pop() ?? '';
    for (const message of messages) this.#handle(JSON.parse(message) as Message);
  }

  #handle({ id, method, params = {}, result = {} }: Message): void {
    if (id !== undefined) this.#pending.get(id)?.(result);
    else if (method === 'Network.requestWillBeSent') {
      this.visit.requests.push((params['request'] as { url: string }).url);
    } else if (method === 'Runtime.exceptionThrown' || method === 'Log.entryAdded') {
      this.visit.complaints.push(JSON.stringify(params));
    } else if (method === 'Runtime.consoleAPICalled' && ['error', 'warning'].includes(String(params['type']))) {
      this.visit.complaints.push(JSON.stringify(params['args']));
    }
  }
}
