import { rename, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import { BenchError } from '../bench-error.js';
import { markdownTable } from '../markdown-table.js';
import { formatNumber, formatSpread } from '../number-format.js';
import { slope } from '../slope.js';
import { mean, summarize } from '../summary.js';
import { marquee } from './contenders.js';
import { createHttpClient } from './http-client.js';
import { type LoadClient, withLoadClient } from './load-client.js';
import { type AnsweredReview, type Exchange, type Sample, UNTIL_STOPPED } from './load-protocol.js';
import { watchMemory } from './memory-watch.js';
import { countOutcomes, latencies, p99 } from './outcomes.js';
import { processTree, requireProc, residentBytes } from './process-tree.js';
import type { BenchContext, Scenario } from './scenario.js';
import { single } from './served-reviews.js';
import { type RunningServer, withServer } from './server-process.js';
import { writeNextVersion } from './serving-models.js';
import { requireAnswers } from './throughput.js';

const SWAPS = 50;
const CLIENTS = 4;
/** Caches, compiled code and both generations' arenas come to their size first. */
const SETTLED_AFTER = 0.2;
const SWAP_TIMEOUT_MS = 60_000;
const POLL_MS = 50;
const MEMORY_INTERVAL_MS = 50;
const TOLERANCE = 1e-4;

/** Probabilities by version: what each exchange must be answered with. */
type Expected = ReadonlyMap<string, readonly AnsweredReview[]>;

interface Swap {
  readonly seconds: number;
  /** Of the server's process on average, as garbage comes and goes, and of its new inference processes in the end. */
  readonly bytes: number;
}

interface SwapsResult {
  readonly swaps: readonly Swap[];
  readonly samples: readonly Sample[];
  readonly expected: Expected;
}

export const swaps: Scenario = {
  help: 'SIGHUP 50 times under load, to and fro between two versions',
  async run(context) {
    requireProc();
    const result = await swapUnderLoad(context);
    const { answered, refused, serverErrors, others, failed, unconnected, oddities } = countOutcomes(result.samples);
    const bad = refused + serverErrors + others + failed + unconnected;
    const wrong = countWrong(result);
    const growth = memorySlope(result.swaps);
    const seconds = summarize(result.swaps.map((swap) => swap.seconds));
    return {
      title: 'Model swaps under load',
      setting:
        `${result.swaps.length} times a link is turned to the other of two versions of the served model and the server gets SIGHUP, while ${CLIENTS} clients ask single reviews. ` +
        `The versions differ in their temperature; ${countTelling(result.expected)} reviews asked about get other probabilities from one than from the other. ` +
        'A swap has ended when the new version answers and the processes of the old one are gone.',
      tables: [
        markdownTable<SwapsResult>(
          [
            { title: 'answered 200', align: 'right', cell: () => String(answered) },
            { title: 'p99 ms', align: 'right', cell: ({ samples }) => formatNumber(p99(latencies(samples, 200))) },
            { title: 'seconds a swap', align: 'right', cell: () => formatNumber(seconds.median) },
            { title: 'spread', align: 'right', cell: () => formatSpread(seconds) },
            { title: 'anything else', cell: () => oddities || (refused > 0 ? `${refused} × 503` : '') },
          ],
          [result],
        ),
      ],
      findings: [
        { what: 'swaps: requests not answered 200', measured: String(bad), goal: '0', reached: bad === 0 },
        {
          what: 'swaps: answers that are not their version’s',
          measured: `${wrong} of ${answered}`,
          goal: '0',
          reached: wrong === 0 && answered > 0,
        },
        {
          what: 'swaps: slope of resident memory',
          measured: `${growth.toFixed(2)} MB a swap`,
          goal: '< 0.5 MB a swap',
          reached: growth < 0.5,
        },
      ],
    };
  },
};

async function swapUnderLoad(context: BenchContext): Promise<SwapsResult> {
  const versions = [context.model, join(context.dir, 'next-version')] as const;
  await writeNextVersion(...versions);
  const link = join(context.dir, 'served-version');
  await turnLink(link, versions[1]);
  const exchanges = (context.reviews.blocks[0] ?? []).map(single);
  const count = Math.max(2, Math.round(SWAPS / context.hurry));
  return withServer(marquee(link), context.dir, (server) =>
    withLoadClient(async (load) => {
      const expected = new Map<string, readonly AnsweredReview[]>();
      const learn = async (): Promise<void> => {
        const answers = await askAll(load, server, exchanges);
        expected.set(answers[0]?.version ?? '', answers);
      };
      await learn();
      const processes = processTree(server.pid).length;
      const swap = async (to: string): Promise<Swap> => {
        const startMs = performance.now();
        const memory = watchMemory(() => residentBytes([server.pid]), MEMORY_INTERVAL_MS);
        const before = await servedVersion(server);
        await turnLink(link, to);
        server.signal('SIGHUP');
        await waitUntil('another version answers', server, async () => {
          const now = await servedVersion(server);
          return now !== undefined && now !== before;
        });
        await waitUntil('the old processes are gone', server, () => processTree(server.pid).length <= processes);
        const seconds = (performance.now() - startMs) / 1000;
        const [, ...children] = processTree(server.pid);
        return { seconds, bytes: mean(memory.stop().map(({ bytes }) => bytes)) + residentBytes(children) };
      };
      await swap(versions[0]);
      await learn();
      if (expected.size < 2) {
        throw new BenchError(
          'CHILD_FAILED',
          'answers have no model_version, or it stays as it is when the model changes',
        );
      }
      const running = load.start({
        url: server.url,
        exchanges,
        arrival: { kind: 'closed', clients: CLIENTS, limit: UNTIL_STOPPED },
        keepAnswers: true,
      });
      const done: Swap[] = [];
      try {
        for (let i = 0; i < count; i += 1) {
          done.push(await swap(versions[i % 2 === 0 ? 1 : 0]));
          context.say(`swap ${i + 1}/${count}: ${formatNumber(done.at(-1)?.seconds ?? NaN)} s`);
        }
      } finally {
        running.stop();
      }
      return { swaps: done, samples: (await running.report).samples, expected };
    }),
  );
}

/** Atomic, as a deployment does it. */
async function turnLink(link: string, target: string): Promise<void> {
  await symlink(target, `${link}.new`);
  await rename(`${link}.new`, link);
}

async function askAll(
  load: LoadClient,
  { name, url }: RunningServer,
  exchanges: readonly Exchange[],
): Promise<AnsweredReview[]> {
  const arrival = { kind: 'closed', clients: 1, limit: { requests: exchanges.length } } as const;
  const report = await load.run({ url, exchanges, arrival, keepAnswers: true });
  requireAnswers(name, report);
  return report.samples.flatMap(({ answers }) => answers ?? []);
}

/** Undefined where the answer is another than 200. */
async function servedVersion({ url }: RunningServer): Promise<string | undefined> {
  const client = createHttpClient(url);
  const body = JSON.stringify({ text: 'A triumph.' });
  const answer = await client.send({ method: 'POST', path: '/predict', body, reviews: 1 }, SWAP_TIMEOUT_MS);
  client.close();
  return answer.status === 200 ? (JSON.parse(answer.body) as { model_version?: string }).model_version : undefined;
}

async function waitUntil(what: string, server: RunningServer, holds: () => boolean | Promise<boolean>): Promise<void> {
  const startMs = performance.now();
  while (!(await holds())) {
    if (performance.now() - startMs > SWAP_TIMEOUT_MS) {
      const log = server.log().trim().split('\n').slice(-3).join('\n');
      throw new BenchError('CHILD_FAILED', `not after ${SWAP_TIMEOUT_MS / 1000} s: ${what}\n${log}`);
    }
    await delay(POLL_MS);
  }
}

/** Answers whose version never was, or whose probability that version did not give before. */
function countWrong({ samples, expected }: SwapsResult): number {
  return samples.filter(({ status, exchange, answers }) => {
    if (status !== 200) return false;
    const [answer] = answers ?? [];
    const right = expected.get(answer?.version ?? '')?.[exchange];
    return !(Math.abs((right?.positive ?? NaN) - (answer?.positive ?? NaN)) <= TOLERANCE);
  }).length;
}

function countTelling(expected: Expected): string {
  const [first = [], second = []] = [...expected.values()];
  const telling = first.filter(({ positive }, i) => Math.abs(positive - (second[i]?.positive ?? NaN)) > 2 * TOLERANCE);
  return `${telling.length} of ${first.length}`;
}

function memorySlope(done: readonly Swap[]): number {
  const settled = done.slice(Math.floor(SETTLED_AFTER * done.length));
  return slope(
    settled.map((_, i) => i),
    settled.map(({ bytes }) => bytes / 1e6),
  );
}
