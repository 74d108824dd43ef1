import { markdownTable } from '../markdown-table.js';
import { formatNumber } from '../number-format.js';
import { marquee } from './contenders.js';
import { sendHostile } from './hostile-exchange.js';
import { type HostileRequest, hostileRequests } from './hostile-requests.js';
import { createHttpClient } from './http-client.js';
import { peakBytes, requireProc, residentBytes, resetPeak } from './process-tree.js';
import type { BenchContext, Scenario } from './scenario.js';
import { single } from './served-reviews.js';
import { type RunningServer, withServer } from './server-process.js';

const GOAL_MS = 200;
const GOAL_BYTES = 50e6;
const TIMEOUT_MS = 30_000;

interface HostileResult {
  readonly name: string;
  readonly status: number;
  readonly latencyMs: number;
  readonly sentBytes: number;
  /** By how much the most memory of the server's process exceeded that before the request. */
  readonly growthBytes: number;
}

export const hostile: Scenario = {
  help: 'bodies and requests that mean harm, one by one',
  async run(context) {
    requireProc();
    const { results, survived } = await withServer(marquee(context.model), context.dir, async (server) => ({
      results: await sendAll(context, server),
      survived: await answers(context, server),
    }));
    const notRefused = results.filter(({ status }) => status < 400 || status > 499).map(({ name }) => name);
    const slowest = results.toSorted((a, b) => b.latencyMs - a.latencyMs)[0];
    const largest = results.toSorted((a, b) => b.growthBytes - a.growthBytes)[0];
    return {
      title: 'Hostile requests',
      setting: `${results.length} requests, each over a connection of its own, after as many ordinary ones; memory is the most that the server's process had meanwhile, over what it had before.`,
      tables: [hostileTable(results)],
      findings: [
        {
          what: 'hostile: not answered 4xx',
          measured: notRefused.length === 0 ? '0' : `${notRefused.length}: ${notRefused.join(', ')}`,
          goal: '0',
          reached: notRefused.length === 0,
        },
        {
          what: `hostile: slowest answer (${slowest?.name ?? ''})`,
          measured: `${formatNumber(slowest?.latencyMs ?? NaN)} ms`,
          goal: '< 200 ms',
          reached: (slowest?.latencyMs ?? Infinity) < GOAL_MS,
        },
        {
          what: `hostile: most memory (${largest?.name ?? ''})`,
          measured: `${((largest?.growthBytes ?? NaN) / 1e6).toFixed(1)} MB`,
          goal: '< 50 MB',
          reached: (largest?.growthBytes ?? Infinity) < GOAL_BYTES,
        },
        {
          what: 'hostile: answers as before afterwards',
          measured: survived ? 'yes' : 'no',
          goal: 'yes',
          reached: survived,
        },
      ],
    };
  },
};

async function sendAll(context: BenchContext, server: RunningServer): Promise<HostileResult[]> {
  const requests = hostileRequests();
  // What every first answer brings along, such as compiled code, is not the doing of the request that is first.
  for (const request of requests.slice(0, 3)) await sendHostile(server.port, request, TIMEOUT_MS);
  await answers(context, server);
  const results: HostileResult[] = [];
  for (const request of requests) results.push(await measure(server, request));
  return results;
}

async function measure({ pid, port }: RunningServer, request: HostileRequest): Promise<HostileResult> {
  const before = residentBytes([pid]);
  resetPeak(pid);
  const answer = await sendHostile(port, request, TIMEOUT_MS);
  return { name: request.name, ...answer, growthBytes: Math.max(0, peakBytes(pid) - before) };
}

/** Whether ordinary reviews are answered. */
async function answers({ reviews }: BenchContext, { url }: RunningServer): Promise<boolean> {
  const client = createHttpClient(url);
  const statuses = [];
  for (const review of (reviews.blocks[0] ?? []).slice(0, 8)) {
    statuses.push((await client.send(single(review), TIMEOUT_MS)).status);
  }
  client.close();
  return statuses.every((status) => status === 200);
}

function hostileTable(results: readonly HostileResult[]): string {
  return markdownTable<HostileResult>(
    [
      { title: 'request', cell: ({ name }) => name },
      { title: 'status', align: 'right', cell: ({ status }) => (status === 0 ? 'none' : String(status)) },
      { title: 'ms', align: 'right', cell: ({ latencyMs }) => formatNumber(latencyMs) },
      { title: 'sent, KB', align: 'right', cell: ({ sentBytes }) => (sentBytes / 1e3).toFixed(0) },
      { title: 'memory, MB', align: 'right', cell: ({ growthBytes }) => (growthBytes / 1e6).toFixed(1) },
    ],
    results,
  );
}
