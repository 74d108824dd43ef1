import { startWorker } from '../child-process.js';
import { measureInTurns } from '../in-turns.js';
import { markdownTable } from '../markdown-table.js';
import { formatNumber, formatRatio, formatSpread } from '../number-format.js';
import { median, medianRatio, summarize } from '../summary.js';
import { measureCapacity } from './capacity.js';
import { marquee } from './contenders.js';
import { withLoadClient } from './load-client.js';
import type { LoadReport } from './load-protocol.js';
import { latencies, p99 } from './outcomes.js';
import type { BenchContext, Scenario } from './scenario.js';
import { single } from './served-reviews.js';
import { type RunningServer, withServer } from './server-process.js';
import type { SlowClientsRequest } from './slow-clients-worker.js';
import { requireAnswers } from './throughput.js';
import { undisturbed } from './undisturbed.js';

const WORKER = new URL('./slow-clients-worker.js', import.meta.url);
const CLIENTS = 500;
const PAIRS = 5;
const SHARE = 0.5;
/** Longer than the turns of the other scenarios: a p99 needs many requests. */
const TURN_SECONDS = 15;
const LAYOUTS = { without: 'without them', with: `beside ${CLIENTS} slow clients` } as const;

interface Turns {
  readonly name: string;
  readonly p99s: readonly number[];
  readonly requests: number;
}

export const slowClients: Scenario = {
  help: '500 clients that send a byte a second beside a normal load',
  async run(context) {
    const turns = await withServer(marquee(context.model), context.dir, (server) => measureTurns(context, server));
    const [without, beside] = turns;
    const ratio = medianRatio(beside.p99s, without.p99s);
    const ratios = beside.p99s.map((value, i) => value / (without.p99s[i] ?? NaN));
    return {
      title: 'Slow clients',
      setting:
        `${PAIRS} pairs of turns; single reviews of the served model arrive at half of what can be answered, in both turns of a pair at the same moments. ` +
        `${CLIENTS} connections send one byte a second, half of them from the first header on, half within the body, and come again when they were closed.`,
      tables: [
        markdownTable<Turns>(
          [
            { title: 'load', cell: ({ name }) => name },
            { title: 'requests', align: 'right', cell: ({ requests }) => String(requests) },
            { title: 'p99 ms', align: 'right', cell: ({ p99s }) => formatNumber(median(p99s)) },
            { title: 'spread', align: 'right', cell: ({ p99s }) => formatSpread(summarize(p99s)) },
          ],
          turns,
        ),
      ],
      findings: [
        {
          what: `slow clients: median ratio of p99 (pairs ${formatSpread(summarize(ratios))})`,
          measured: formatRatio(ratio),
          goal: '≤ 1.2 ×',
          reached: ratio <= 1.2,
        },
      ],
    };
  },
};

async function measureTurns(context: BenchContext, server: RunningServer): Promise<[Turns, Turns]> {
  return withLoadClient(async (load) => {
    const exchanges = context.reviews.blocks.flat().map(single);
    const capacity = await measureCapacity(context, load, server.url, exchanges, context.seconds);
    const seconds = Math.max(1, TURN_SECONDS / context.hurry);
    const results = await measureInTurns(Object.keys(LAYOUTS), PAIRS, async (name, round) => {
      const arrival = { kind: 'open', ratePerSecond: SHARE * capacity, seconds, seed: round + 1 } as const;
      const turn = async (): Promise<LoadReport> => {
        const report = await load.run({ url: server.url, exchanges, arrival });
        requireAnswers(server.name, report);
        return report;
      };
      const report = await undisturbed(context, () => (name === 'with' ? besideSlowClients(server, turn) : turn()));
      context.say(`pair ${round + 1}/${PAIRS}, ${name}: p99 ${formatNumber(p99(latencies(report.samples, 200)))} ms`);
      return report;
    });
    const turns = (name: keyof typeof LAYOUTS): Turns => {
      const reports = results.get(name) ?? [];
      return {
        name: LAYOUTS[name],
        p99s: reports.map(({ samples }) => p99(latencies(samples, 200))),
        requests: reports.reduce((sum, { samples }) => sum + samples.length, 0),
      };
    };
    return [turns('without'), turns('with')];
  });
}

async function besideSlowClients<Result>({ port }: RunningServer, work: () => Promise<Result>): Promise<Result> {
  const worker = await startWorker(WORKER, { port, clients: CLIENTS } satisfies SlowClientsRequest);
  try {
    return await work();
  } finally {
    await worker.stop();
  }
}
