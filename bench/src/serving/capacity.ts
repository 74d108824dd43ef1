import type { LoadClient } from './load-client.js';
import type { Exchange } from './load-protocol.js';
import { requireAnswers } from './throughput.js';

const CLIENTS = 8;

/** Requests a second that a server answers while a few clients ask as fast as they can; the first answers warm it up and are not timed. */
export async function measureCapacity(
  load: LoadClient,
  url: string,
  exchanges: readonly Exchange[],
  seconds: number,
): Promise<number> {
  const ask = { url, exchanges };
  const warm = { kind: 'closed', clients: CLIENTS, limit: { requests: 2 * CLIENTS } } as const;
  requireAnswers(url, await load.run({ ...ask, arrival: warm }));
  const report = await load.run({ ...ask, arrival: { kind: 'closed', clients: CLIENTS, limit: { seconds } } });
  requireAnswers(url, report);
  return (1000 * report.samples.length) / report.elapsedMs;
}
