import { markdownTable } from '../markdown-table.js';
import { formatNumber } from '../number-format.js';
import { percentile } from '../percentile.js';
import { slope } from '../slope.js';
import { measureCapacity } from './capacity.js';
import { marquee } from './contenders.js';
import { withLoadClient } from './load-client.js';
import type { Exchange, LoadReport } from './load-protocol.js';
import { type MemorySample, watchMemory } from './memory-watch.js';
import { countOutcomes, latencies, p99 } from './outcomes.js';
import { processTree, requireProc, residentBytes } from './process-tree.js';
import type { BenchContext, Scenario } from './scenario.js';
import { batch, type ServedReview, single } from './served-reviews.js';
import { type RunningServer, withServer } from './server-process.js';

const SECONDS = 600;
const SHARE = 0.6;
/** Caches and the runtime's memory grow to their size first. */
const SETTLED_AFTER = 0.3;
const MEMORY_INTERVAL_MS = 2000;
const BATCH_SIZE = 8;
const SINGLES = 16;
/** Reviews of 20 requests. */
const GROUP = SINGLES + 2 * BATCH_SIZE;

interface Soak {
  readonly report: LoadReport;
  readonly memory: readonly MemorySample[];
  readonly capacity: number;
  readonly seconds: number;
}

export const soak: Scenario = {
  help: 'ten minutes at 60 % of what can be answered, a mix of requests',
  async run(context) {
    requireProc();
    const result = await withServer(marquee(context.model), context.dir, (server) => soakServer(context, server));
    const { answered, refused, serverErrors, others, failed, unconnected, oddities } = countOutcomes(
      result.report.samples,
    );
    const growth = memorySlope(result);
    const minutes = result.seconds / 60;
    return {
      title: 'A long load',
      setting:
        `${minutes.toFixed(1)} minutes at ${(SHARE * result.capacity).toFixed(1)} requests/s (60 % of what 8 clients get), arriving as those of independent users do. ` +
        `The mix: 16 single reviews, 2 batches of ${BATCH_SIZE}, one GET /health and one GET /model/info of 20; ${context.reviews.source}.`,
      tables: [
        markdownTable<Soak>(
          [
            { title: 'answered 200', align: 'right', cell: () => String(answered) },
            { title: '503', align: 'right', cell: () => String(refused) },
            { title: 'p50 ms', align: 'right', cell: ({ report }) => formatNumber(p50(report)) },
            {
              title: 'p99 ms',
              align: 'right',
              cell: ({ report }) => formatNumber(p99(latencies(report.samples, 200))),
            },
            { title: 'memory at 30 %, MB', align: 'right', cell: ({ memory }) => megabytesAt(memory, SETTLED_AFTER) },
            { title: 'in the end, MB', align: 'right', cell: ({ memory }) => megabytesAt(memory, 1) },
            { title: 'anything else', cell: () => oddities },
          ],
          [result],
        ),
      ],
      findings: [
        {
          what: 'soak: answers that were 5xx, or none',
          measured: String(refused + serverErrors + others + failed + unconnected),
          goal: '0',
          reached: refused + serverErrors + others + failed + unconnected === 0,
        },
        {
          what: 'soak: slope of resident memory, minutes 3 to 10',
          measured: `${growth.toFixed(2)} MB/min`,
          goal: '< 1 MB/min',
          reached: growth < 1,
        },
      ],
    };
  },
};

async function soakServer(context: BenchContext, server: RunningServer): Promise<Soak> {
  const exchanges = mix(context.reviews.blocks.flat());
  const seconds = Math.max(2, SECONDS / context.hurry);
  return withLoadClient(async (load) => {
    const capacity = await measureCapacity(
      context,
      load,
      server.url,
      exchanges,
      Math.max(1, (2 * context.seconds) / context.hurry),
    );
    context.say(`${formatNumber(capacity)} requests/s can be answered; ${seconds} s at 60 % of that`);
    const memory = watchMemory(() => residentBytes(processTree(server.pid)), MEMORY_INTERVAL_MS);
    const arrival = { kind: 'open', ratePerSecond: SHARE * capacity, seconds, seed: 1 } as const;
    const report = await load.run({ url: server.url, exchanges, arrival });
    return { report, memory: memory.stop(), capacity, seconds };
  });
}

/** Of 20 requests 16 are single reviews, 2 are batches and 2 ask about the service. */
function mix(reviews: readonly ServedReview[]): Exchange[] {
  const exchanges: Exchange[] = [];
  for (let start = 0; start + GROUP <= reviews.length; start += GROUP) {
    const singles = reviews.slice(start, start + SINGLES).map(single);
    const batches = [0, 1].map((i) => batch(reviews.slice(start + SINGLES + i * BATCH_SIZE).slice(0, BATCH_SIZE)));
    exchanges.push(...singles.slice(0, SINGLES / 2), ...batches.slice(0, 1), get('/health'));
    exchanges.push(...singles.slice(SINGLES / 2), ...batches.slice(1), get('/model/info'));
  }
  return exchanges;
}

const get = (path: string): Exchange => ({ method: 'GET', path, reviews: 0 });

const p50 = ({ samples }: LoadReport): number => percentile(latencies(samples, 200), 0.5);

/** MB a minute once settled. */
function memorySlope({ memory, seconds }: Soak): number {
  const settled = memory.filter(({ atMs }) => atMs >= SETTLED_AFTER * 1000 * seconds);
  return slope(
    settled.map(({ atMs }) => atMs / 60_000),
    settled.map(({ bytes }) => bytes / 1e6),
  );
}

function megabytesAt(memory: readonly MemorySample[], share: number): string {
  const sample = memory[Math.min(memory.length - 1, Math.floor(share * memory.length))];
  return ((sample?.bytes ?? NaN) / 1e6).toFixed(0);
}
