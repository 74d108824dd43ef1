import { startWorker } from '../child-process.js';
import type { LoadReport, LoadRequest } from './load-protocol.js';

const WORKER = new URL('./load-worker.js', import.meta.url);

/** A load in progress. */
interface RunningLoad {
  readonly report: Promise<LoadReport>;
  /** No client asks again; the report comes with the last answer. */
  stop(): void;
}

/** A process that loads servers, one load at a time. */
export interface LoadClient {
  run(load: Omit<LoadRequest, 'type'>): Promise<LoadReport>;
  start(load: Omit<LoadRequest, 'type'>): RunningLoad;
  close(): Promise<void>;
}

async function startLoadClient(): Promise<LoadClient> {
  const worker = await startWorker(WORKER, {});
  const ask = (load: Omit<LoadRequest, 'type'>): Promise<LoadReport> =>
    worker.ask({ ...load, type: 'load' }) as Promise<LoadReport>;
  return {
    run: ask,
    start: (load) => ({ report: ask(load), stop: () => worker.tell({ type: 'stop' }) }),
    close: () => worker.stop(),
  };
}

/** Lends a load process that is gone afterwards. */
export async function withLoadClient<Result>(work: (client: LoadClient) => Promise<Result>): Promise<Result> {
  const client = await startLoadClient();
  try {
    return await work(client);
  } finally {
    await client.close();
  }
}
