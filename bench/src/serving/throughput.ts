import { BenchError } from '../bench-error.js';
import { measureInTurns } from '../in-turns.js';
import { formatNumber } from '../number-format.js';
import { type LoadClient, withLoadClient } from './load-client.js';
import { type Exchange, type LoadReport, UNTIL_STOPPED } from './load-protocol.js';
import type { BenchContext } from './scenario.js';
import { batch, single, type ServedReview } from './served-reviews.js';
import { type RunningServer, type ServerCommand, withServers } from './server-process.js';
import { undisturbed } from './undisturbed.js';

/** How reviews are asked about. */
export type Asking = 'single' | 'batch';

export interface Throughput {
  readonly asking: Asking;
  readonly clients: number;
  /** Whether `/livez` is asked meanwhile, by a process of its own. */
  readonly probed?: boolean;
  /** Names of contenders that classify all reviews once more, outside of the time. */
  readonly judged?: readonly string[];
}

/** One turn of a contender. */
export interface Turn {
  readonly reviewsPerSecond: number;
  readonly latenciesMs: readonly number[];
  /** Of `/livez` under that load; empty when it was not asked. */
  readonly livezMs: readonly number[];
}

export interface ThroughputResult {
  readonly name: string;
  readonly turns: readonly Turn[];
  /** Sentiments of all reviews in the order of the blocks; empty when they were not judged. */
  readonly sentiments: readonly string[];
}

const PROBES_PER_SECOND = 20;
/** An answer to a probe is late when a run blocks the event loop; none is as late as this. */
const PROBE_TIMEOUT_MS = 60_000;

/** Measures contenders in turns, all of them running all the time: whoever is not asked does nothing. */
export async function measureThroughput(
  context: BenchContext,
  servers: readonly ServerCommand[],
  throughput: Throughput,
): Promise<ThroughputResult[]> {
  const { blocks } = context.reviews;
  return withServers(servers, context.dir, (running) =>
    withLoadClient((load) =>
      withLoadClient(async (probe) => {
        const meter = { context, load, probe, throughput };
        const contenders = new Map<string, { server: RunningServer; blocksATurn: number }>();
        for (const server of running) {
          const { reviewsPerSecond } = await measureTurn(meter, server, blocks.slice(0, 1));
          const blocksATurn = Math.max(
            1,
            Math.round((context.seconds * reviewsPerSecond) / (blocks[0]?.length ?? NaN)),
          );
          contenders.set(server.name, { server, blocksATurn });
        }
        const turns = await measureInTurns([...contenders.keys()], context.pairs, async (name, round) => {
          const { server, blocksATurn } = contenders.get(name) as { server: RunningServer; blocksATurn: number }; // the names are its keys
          const turn = await measureTurn(meter, server, takeBlocks(blocks, round, blocksATurn));
          context.say(`pair ${round + 1}/${context.pairs}: ${name}: ${formatNumber(turn.reviewsPerSecond)} reviews/s`);
          return turn;
        });
        const results: ThroughputResult[] = [];
        for (const server of running) {
          const sentiments =
            throughput.judged?.includes(server.name) === true
              ? await undisturbed(context, () => judge(load, server, blocks))
              : [];
          results.push({ name: server.name, turns: turns.get(server.name) ?? [], sentiments });
        }
        return results;
      }),
    ),
  );
}

/** `count` blocks from the `first`-th on, from the start again after the last. */
function takeBlocks(
  blocks: readonly (readonly ServedReview[])[],
  first: number,
  count: number,
): (readonly ServedReview[])[] {
  return Array.from({ length: count }, (_, i) => blocks[(first + i) % blocks.length] ?? []);
}

const exchangesOf = (blocks: readonly (readonly ServedReview[])[], asking: Asking): Exchange[] =>
  asking === 'batch' ? blocks.map(batch) : blocks.flatMap((block) => block.map(single));

interface Meter {
  readonly context: BenchContext;
  readonly load: LoadClient;
  readonly probe: LoadClient;
  readonly throughput: Throughput;
}

const measureTurn = (
  meter: Meter,
  server: RunningServer,
  blocks: readonly (readonly ServedReview[])[],
): Promise<Turn> => undisturbed(meter.context, () => askBlocks(meter, server, blocks));

async function askBlocks(
  { load, probe, throughput }: Meter,
  { name, url }: RunningServer,
  blocks: readonly (readonly ServedReview[])[],
): Promise<Turn> {
  const { asking, clients, probed } = throughput;
  const exchanges = exchangesOf(blocks, asking);
  const probing = probed === true ? probe.start(livezProbe(url)) : undefined;
  const report = await load.run({
    url,
    exchanges,
    arrival: { kind: 'closed', clients, limit: { requests: exchanges.length } },
  });
  probing?.stop();
  const livez = await probing?.report;
  requireAnswers(name, report);
  if (livez) requireAnswers(`${name}, /livez`, livez);
  const reviews = exchanges.reduce((sum, exchange) => sum + exchange.reviews, 0);
  return {
    reviewsPerSecond: (1000 * reviews) / report.elapsedMs,
    latenciesMs: report.samples.map(({ latencyMs }) => latencyMs),
    livezMs: livez?.samples.map(({ latencyMs }) => latencyMs) ?? [],
  };
}

const livezProbe = (url: string) =>
  ({
    url,
    exchanges: [{ method: 'GET', path: '/livez', reviews: 0 }],
    arrival: { kind: 'open', ratePerSecond: PROBES_PER_SECOND, ...UNTIL_STOPPED, seed: 1 },
    timeoutMs: PROBE_TIMEOUT_MS,
  }) as const;

/** The sentiment of every review, asked one by one. */
async function judge(
  load: LoadClient,
  { name, url }: RunningServer,
  blocks: readonly (readonly ServedReview[])[],
): Promise<string[]> {
  const exchanges = exchangesOf(blocks, 'single');
  const limit = { requests: exchanges.length };
  const report = await load.run({
    url,
    exchanges,
    arrival: { kind: 'closed', clients: 4, limit },
    keepAnswers: true,
  });
  requireAnswers(name, report);
  const sentiments: string[] = [];
  for (const { exchange, answers } of report.samples) sentiments[exchange] = answers?.[0]?.sentiment ?? '';
  return sentiments;
}

/** A speed that is measured over failures is none. */
export function requireAnswers(subject: string, { samples }: LoadReport): void {
  const failed = samples.find(({ status }) => status !== 200);
  if (failed === undefined) return;
  const reason = failed.status === 0 ? (failed.failure ?? 'no answer') : `status ${failed.status}`;
  throw new BenchError('CHILD_FAILED', `${subject}: expected every request to be answered 200, got ${reason}`);
}
