import type { LoadClient } from './load-client.js';
import type { ClosedLoop, Exchange, LoadReport } from './load-protocol.js';
import type { BenchContext } from './scenario.js';
import { requireAnswers } from './throughput.js';
import { undisturbed } from './undisturbed.js';

const CLIENTS = 8;

/** Requests a second that a server answers while a few clients ask as fast as they can; the first answers warm it up and are not timed. */
export async function measureCapacity(
  context: BenchContext,
  load: LoadClient,
  url: string,
  exchanges: readonly Exchange[],
  seconds: number,
): Promise<number> {
  const ask = (limit: ClosedLoop['limit']): Promise<LoadReport> =>
    undisturbed(context, async () => {
      const report = await load.run({ url, exchanges, arrival: { kind: 'closed', clients: CLIENTS, limit } });
      requireAnswers(url, report);
      return report;
    });
  await ask({ requests: 2 * CLIENTS });
  const { samples, elapsedMs } = await ask({ seconds });
  return (1000 * samples.length) / elapsedMs;
}
