import { setTimeout as delay } from 'node:timers/promises';

import { createRandom } from '@marquee/dataset';

import { markdownTable } from '../markdown-table.js';
import { formatNumber, formatSpread } from '../number-format.js';
import { summarize } from '../summary.js';
import { marquee } from './contenders.js';
import { withLoadClient } from './load-client.js';
import { type Sample, UNTIL_STOPPED } from './load-protocol.js';
import { countOutcomes, type Outcomes } from './outcomes.js';
import { isRunning, processTree, requireProc } from './process-tree.js';
import type { BenchContext, Scenario } from './scenario.js';
import { single } from './served-reviews.js';
import { withServer } from './server-process.js';

const STOPS = 20;
const CLIENTS = 8;
/** When the signal comes, in milliseconds of load. */
const LOAD_MS = { least: 500, most: 2000 };

interface Stop {
  readonly samples: readonly Sample[];
  /**
   * Failed requests on new connections of which the server's log does not tell: they waited in the kernel's queue when it was closed. A kept connection had
   * been accepted, and what was asked on it was lost.
   */
  readonly neverTaken: number;
  /** `0`, another exit code or a signal. */
  readonly ending: string;
  readonly seconds: number;
  readonly leftBehind: number;
}

export const stops: Scenario = {
  help: 'SIGTERM under load, 20 times',
  async run(context) {
    requireProc();
    const random = createRandom(1);
    const count = Math.max(1, Math.round(STOPS / context.hurry));
    const results: Stop[] = [];
    for (let i = 0; i < count; i += 1) {
      results.push(await stopUnderLoad(context, LOAD_MS.least + random.float() * (LOAD_MS.most - LOAD_MS.least)));
      context.say(`stop ${i + 1}/${count}: exit ${results.at(-1)?.ending ?? ''}`);
    }
    const outcomes = countOutcomes(results.flatMap(({ samples }) => samples));
    const endings = [...new Set(results.map(({ ending }) => ending))].join(', ');
    const leftBehind = results.reduce((sum, stop) => sum + stop.leftBehind, 0);
    const neverTaken = results.reduce((sum, stop) => sum + stop.neverTaken, 0);
    const bad = outcomes.failed - neverTaken + outcomes.serverErrors + outcomes.others;
    return {
      title: 'Stops under load',
      setting:
        `${count} times: ${CLIENTS} clients ask single reviews of the served model, SIGTERM after 0.5 to 2 s of it; clients go on asking until the server is gone. ` +
        'A request failed when there was a connection for it and no whole answer came; one on a new connection of which the server’s log does not tell was never accepted: that connection waited in the ' +
        'kernel’s queue in the moment that the server stopped listening.',
      tables: [stopTable(outcomes, neverTaken, results)],
      findings: [
        { what: 'stops: accepted requests that failed', measured: String(bad), goal: '0', reached: bad === 0 },
        { what: 'stops: exit codes', measured: endings, goal: '0', reached: endings === '0' },
        {
          what: 'stops: processes left behind',
          measured: String(leftBehind),
          goal: '0',
          reached: leftBehind === 0,
        },
      ],
    };
  },
};

async function stopUnderLoad(context: BenchContext, loadMs: number): Promise<Stop> {
  return withServer(marquee(context.model), context.dir, (server) =>
    withLoadClient(async (load) => {
      const running = load.start({
        url: server.url,
        exchanges: context.reviews.blocks.flat().map(single),
        arrival: { kind: 'closed', clients: CLIENTS, limit: UNTIL_STOPPED },
        withRequestIds: true,
      });
      await delay(loadMs);
      const processes = processTree(server.pid);
      const startMs = performance.now();
      server.signal('SIGTERM');
      const { code, signal } = await server.exited;
      const seconds = (performance.now() - startMs) / 1000;
      const leftBehind = processes.filter(isRunning).length;
      running.stop();
      const { samples } = await running.report;
      const log = server.log();
      const isOfNewConnection = ({ failure }: Sample): boolean => failure === 'ECONNRESET' || failure === 'EPIPE';
      const untold = samples.filter((sample) => isOfNewConnection(sample) && !log.includes(sample.requestId ?? ''));
      const neverTaken = countOutcomes(untold).failed;
      return { samples, neverTaken, ending: String(signal ?? code), seconds, leftBehind };
    }),
  );
}

function stopTable(outcomes: Outcomes, neverTaken: number, results: readonly Stop[]): string {
  const seconds = summarize(results.map((stop) => stop.seconds));
  return markdownTable<Outcomes>(
    [
      { title: 'answered 200', align: 'right', cell: ({ answered }) => String(answered) },
      { title: '503', align: 'right', cell: ({ refused }) => String(refused) },
      { title: 'failed', align: 'right', cell: ({ failed }) => String(failed - neverTaken) },
      { title: 'never accepted', align: 'right', cell: () => String(neverTaken) },
      { title: 'seconds to the exit', align: 'right', cell: () => formatNumber(seconds.median) },
      { title: 'spread', align: 'right', cell: () => formatSpread(seconds) },
      { title: 'anything else', cell: ({ oddities }) => oddities },
    ],
    [outcomes],
  );
}
