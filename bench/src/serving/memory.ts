import { markdownTable } from '../markdown-table.js';
import { formatNumber, formatSpread } from '../number-format.js';
import { median, summarize } from '../summary.js';
import { marquee } from './contenders.js';
import { withLoadClient } from './load-client.js';
import { processTree, proportionalBytes, requireProc } from './process-tree.js';
import type { BenchContext, Scenario } from './scenario.js';
import { single } from './served-reviews.js';
import { withServer } from './server-process.js';
import { requireAnswers } from './throughput.js';

const GOAL_BYTES = 500e6;
const GOAL_MS = 3000;
const CLIENTS = 8;

interface Start {
  readonly readyMs: number;
  readonly workers: number;
  readonly readyBytes: number;
  /** Once every worker has met long reviews: the runtime's memory grows with the longest. */
  readonly usedBytes: number;
}

export const memory: Scenario = {
  help: 'time to be ready and memory of the served model, from fresh starts',
  async run(context) {
    requireProc();
    const starts: Start[] = [];
    for (let i = 0; i < context.pairs; i += 1) {
      starts.push(await measureStart(context));
      context.say(`start ${i + 1}/${context.pairs}: ready in ${formatNumber(starts.at(-1)?.readyMs ?? NaN)} ms`);
    }
    const used = median(starts.map(({ usedBytes }) => usedBytes));
    const ready = median(starts.map(({ readyMs }) => readyMs));
    return {
      title: 'Memory and start',
      setting: `${starts.length} fresh starts of the served model with ${starts[0]?.workers ?? 0} inference processes; memory is the sum of Pss of all processes, ready is the first 200 of /health.`,
      tables: [startTable(starts)],
      findings: [
        {
          what: 'memory: sum of Pss after a block of reviews, before the first /explain',
          measured: `${(used / 1e6).toFixed(0)} MB`,
          goal: '≤ 500 MB',
          reached: used <= GOAL_BYTES,
        },
        {
          what: 'memory: ready in',
          measured: `${(ready / 1000).toFixed(2)} s`,
          goal: '≤ 3 s',
          reached: ready <= GOAL_MS,
        },
      ],
    };
  },
};

async function measureStart({ model, dir, reviews }: BenchContext): Promise<Start> {
  return withServer(marquee(model), dir, (server) =>
    withLoadClient(async (load) => {
      const processes = processTree(server.pid);
      const readyBytes = proportionalBytes(processes);
      const exchanges = (reviews.blocks[0] ?? []).map(single);
      const limit = { requests: exchanges.length };
      requireAnswers(
        server.name,
        await load.run({ url: server.url, exchanges, arrival: { kind: 'closed', clients: CLIENTS, limit } }),
      );
      return {
        readyMs: server.readyMs,
        workers: processes.length - 1,
        readyBytes,
        usedBytes: proportionalBytes(processTree(server.pid)),
      };
    }),
  );
}

function startTable(starts: readonly Start[]): string {
  const megabytes = (bytes: number): number => bytes / 1e6;
  const rows = [
    { what: 'ready, ms', values: starts.map(({ readyMs }) => readyMs) },
    { what: 'MB when ready', values: starts.map(({ readyBytes }) => megabytes(readyBytes)) },
    { what: 'MB after 32 reviews', values: starts.map(({ usedBytes }) => megabytes(usedBytes)) },
  ];
  return markdownTable<(typeof rows)[number]>(
    [
      { title: 'start', cell: ({ what }) => what },
      { title: 'median', align: 'right', cell: ({ values }) => formatNumber(median(values)) },
      { title: 'spread', align: 'right', cell: ({ values }) => formatSpread(summarize(values)) },
    ],
    rows,
  );
}
