import { markdownTable } from '../markdown-table.js';
import { formatNumber, formatRatio } from '../number-format.js';
import { percentile } from '../percentile.js';
import { marquee } from './contenders.js';
import { withLoadClient } from './load-client.js';
import type { ClosedLoop, LoadReport, OpenLoop } from './load-protocol.js';
import { watchMemory } from './memory-watch.js';
import { countOutcomes, latencies, p99 } from './outcomes.js';
import { processTree, requireProc, residentBytes } from './process-tree.js';
import type { BenchContext, Finding, Scenario } from './scenario.js';
import { single } from './served-reviews.js';
import { type RunningServer, withServer } from './server-process.js';
import { measureCapacity } from './capacity.js';

const PHASE_SECONDS = 60;
const PEAK_CLIENTS = 16;
const MEMORY_INTERVAL_MS = 500;

interface Phase {
  readonly name: string;
  readonly report: LoadReport;
  readonly seconds: number;
  /** Requests of the schedule; NaN where clients decide. */
  readonly ratePerSecond: number;
  readonly maxBytes: number;
}

export const overload: Scenario = {
  help: 'arrivals at three times what can be answered, for a minute',
  async run(context) {
    requireProc();
    const transformer = await measureServer(context, context.models.transformerDir);
    const served =
      context.model === context.models.transformerDir ? undefined : await measureServer(context, context.model);
    return {
      title: 'Overload',
      setting:
        `Single reviews; at peak ${PEAK_CLIENTS} clients ask as fast as they are answered, then requests arrive as those of independent users do ` +
        `(Poisson, a fixed schedule) at 80 % and at 300 % of that; latency counts from when a request was due. ${transformer[0].seconds} s each; ${context.reviews.source}. ` +
        'First the transformer alone, of which every request wants as much; then what is served, whose peak is no measure of the rest where it is a cascade: those who are refused are the ' +
        'ones that want the transformer.',
      tables: [phaseTable(transformer), ...(served ? [phaseTable(served)] : [])],
      findings: [
        ...judge('transformer', transformer),
        ...judgeGoodput('transformer', transformer),
        ...(served ? judge('served', served) : []),
      ],
    };
  },
};

type Phases = readonly [peak: Phase, busy: Phase, over: Phase];

const measureServer = (context: BenchContext, dir: string): Promise<Phases> =>
  withServer(marquee(dir), context.dir, (server) => measurePhases(context, server));

async function measurePhases(context: BenchContext, server: RunningServer): Promise<Phases> {
  const seconds = Math.max(1, PHASE_SECONDS / context.hurry);
  const exchanges = context.reviews.blocks.flat().map(single);
  return withLoadClient(async (load) => {
    const measure = async (name: string, arrival: ClosedLoop | OpenLoop): Promise<Phase> => {
      context.say(name);
      const memory = watchMemory(() => residentBytes(processTree(server.pid)), MEMORY_INTERVAL_MS);
      const report = await load.run({ url: server.url, exchanges, arrival });
      const maxBytes = Math.max(...memory.stop().map(({ bytes }) => bytes));
      return { name, report, seconds, maxBytes, ratePerSecond: arrival.kind === 'open' ? arrival.ratePerSecond : NaN };
    };
    const warm = await measureCapacity(
      context,
      load,
      server.url,
      exchanges,
      Math.max(1, context.seconds / context.hurry),
    );
    context.say(`about ${formatNumber(warm)} requests/s can be answered`);
    const peak = await measure('at peak', { kind: 'closed', clients: PEAK_CLIENTS, limit: { seconds } });
    const capacity = goodput(peak);
    const open = (share: number): OpenLoop => ({ kind: 'open', ratePerSecond: share * capacity, seconds, seed: 1 });
    return [peak, await measure('at 80 %', open(0.8)), await measure('at 300 %', open(3))];
  });
}

/** Requests a second that were answered while the load lasted. */
function goodput({ report, seconds }: Phase): number {
  const inTime = report.samples.filter(
    ({ status, atMs, latencyMs }) => status === 200 && atMs + latencyMs <= 1000 * seconds,
  );
  return inTime.length / seconds;
}

const acceptedP99 = ({ report }: Phase): number => p99(latencies(report.samples, 200));
const refusedP99 = ({ report }: Phase): number => p99(latencies(report.samples, 503));

function retryAfterShare({ report }: Phase): number {
  const refused = report.samples.filter(({ status }) => status === 503);
  return refused.filter(({ retryAfterS }) => (retryAfterS ?? 0) > 0).length / refused.length;
}

function phaseTable(phases: readonly Phase[]): string {
  const right = (title: string, cell: (phase: Phase) => string) => ({ title, align: 'right' as const, cell });
  return markdownTable<Phase>(
    [
      { title: 'load', cell: ({ name }) => name },
      right('arrivals/s', ({ ratePerSecond }) => formatNumber(ratePerSecond)),
      right('answered/s', (phase) => formatNumber(goodput(phase))),
      right('503', ({ report }) => String(countOutcomes(report.samples).refused)),
      right('p50 ms', ({ report }) => formatNumber(percentile(latencies(report.samples, 200), 0.5))),
      right('p99 ms', (phase) => formatNumber(acceptedP99(phase))),
      right('p99 ms of 503', (phase) => formatNumber(refusedP99(phase))),
      right('memory, MB', ({ maxBytes }) => (maxBytes / 1e6).toFixed(0)),
      { title: 'anything else', cell: ({ report }) => countOutcomes(report.samples).oddities },
    ],
    phases,
  );
}

/** How a server takes more than it can answer. */
function judge(subject: string, [peak, , over]: Phases): Finding[] {
  const growth = over.maxBytes / peak.maxBytes - 1;
  const { serverErrors, others, failed, unconnected } = countOutcomes(over.report.samples);
  const odd = serverErrors + others + failed + unconnected;
  const find = findingOf(subject);
  return [
    find('p99 of a 503', `${formatNumber(refusedP99(over))} ms`, '< 50 ms', refusedP99(over) < 50),
    find('503 with Retry-After', percent(retryAfterShare(over)), '100 %', retryAfterShare(over) === 1),
    find('neither answered nor 503', String(odd), '0', odd === 0),
    find('memory over that at peak', percent(growth), '≤ 10 %', growth <= 0.1),
  ];
}

/** What it still answers meanwhile, where all requests want the same of it. */
function judgeGoodput(subject: string, [peak, busy, over]: Phases): Finding[] {
  const share = goodput(over) / goodput(peak);
  const slower = acceptedP99(over) / acceptedP99(busy);
  const find = findingOf(subject);
  return [
    find('answered, of the peak', percent(share), '≥ 90 %', share >= 0.9),
    find('p99 of the answered, of that at 80 %', formatRatio(slower), '≤ 2 ×', slower <= 2),
  ];
}

const percent = (value: number): string => `${(100 * value).toFixed(1)} %`;

const findingOf =
  (subject: string) =>
  (what: string, measured: string, goal: string, reached: boolean): Finding => ({
    what: `overload, ${subject}: ${what}`,
    measured,
    goal,
    reached,
  });
