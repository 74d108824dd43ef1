import { setTimeout as delay } from 'node:timers/promises';

import { createRandom } from '@marquee/dataset';

import { markdownTable } from '../markdown-table.js';
import { formatNumber } from '../number-format.js';
import { marquee } from './contenders.js';
import { withLoadClient } from './load-client.js';
import { type Sample, UNTIL_STOPPED } from './load-protocol.js';
import { countOutcomes, latencies, type Outcomes, p99 } from './outcomes.js';
import { isRunning, processTree, requireProc } from './process-tree.js';
import type { BenchContext, Scenario } from './scenario.js';
import { single } from './served-reviews.js';
import { type RunningServer, withServer } from './server-process.js';

const KILLS = 50;
const INTERVAL_MS = 5_000;
const MIN_INTERVAL_MS = 500;
const POLL_MS = 100;
const CLIENTS = 8;
/** Time for the last killed process to be replaced. */
const RECOVERY_MS = 30_000;

interface KillsResult {
  readonly samples: readonly Sample[];
  readonly kills: number;
  readonly isAlive: boolean;
  readonly workersBefore: number;
  readonly workersAfter: number;
}

export const kills: Scenario = {
  help: 'an inference process killed every 5 s, 50 times',
  async run(context) {
    requireProc();
    const result = await withServer(marquee(context.model), context.dir, (server) => killWorkers(context, server));
    const outcomes = countOutcomes(result.samples);
    const bad = outcomes.failed + outcomes.unconnected + outcomes.serverErrors + outcomes.others;
    return {
      title: 'Killed inference processes',
      setting: `${CLIENTS} clients ask single reviews of the served model; every ${INTERVAL_MS / 1000} s one inference process is killed by SIGKILL, ${result.kills} times.`,
      tables: [killTable(outcomes, result.samples)],
      findings: [
        {
          what: 'kills: the server lives',
          measured: result.isAlive ? 'yes' : 'no',
          goal: 'yes',
          reached: result.isAlive,
        },
        {
          what: 'kills: requests neither answered nor 503',
          measured: String(bad),
          goal: '0',
          reached: bad === 0,
        },
        {
          what: 'kills: inference processes in the end',
          measured: `${result.workersAfter} of ${result.workersBefore}`,
          goal: 'all',
          reached: result.workersAfter === result.workersBefore,
        },
      ],
    };
  },
};

async function killWorkers(context: BenchContext, server: RunningServer): Promise<KillsResult> {
  const killed = new Set<number>();
  // Who was killed is seen for a moment yet.
  const workers = (): number[] => processTree(server.pid).filter((pid) => pid !== server.pid && !killed.has(pid));
  const random = createRandom(1);
  const count = Math.max(1, Math.round(KILLS / context.hurry));
  const workersBefore = workers().length;
  return withLoadClient(async (load) => {
    const running = load.start({
      url: server.url,
      exchanges: context.reviews.blocks.flat().map(single),
      arrival: { kind: 'closed', clients: CLIENTS, limit: UNTIL_STOPPED },
    });
    let done = 0;
    while (done < count && isRunning(server.pid)) {
      await delay(Math.max(MIN_INTERVAL_MS, INTERVAL_MS / context.hurry));
      const [victim] = random.shuffle(workers());
      if (victim !== undefined) {
        killNow(victim);
        killed.add(victim);
      }
      done += 1;
      context.say(`kill ${done}/${count}`);
    }
    const endMs = performance.now() + RECOVERY_MS;
    while (workers().length < workersBefore && performance.now() < endMs) await delay(POLL_MS);
    running.stop();
    const { samples } = await running.report;
    const isAlive = isRunning(server.pid);
    return { samples, kills: done, isAlive, workersBefore, workersAfter: workers().length };
  });
}

function killNow(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended by itself meanwhile.
  }
}

function killTable(outcomes: Outcomes, samples: readonly Sample[]): string {
  return markdownTable<Outcomes>(
    [
      { title: 'answered 200', align: 'right', cell: ({ answered }) => String(answered) },
      { title: '503', align: 'right', cell: ({ refused }) => String(refused) },
      { title: 'p99 ms', align: 'right', cell: () => formatNumber(p99(latencies(samples, 200))) },
      { title: 'anything else', cell: ({ oddities }) => oddities },
    ],
    [outcomes],
  );
}
