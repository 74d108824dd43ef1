// The scenarios that stand beside a peer: reviews per second in turns.
import { BenchError } from '../bench-error.js';
import { markdownTable } from '../markdown-table.js';
import { formatNumber, formatRatio, formatSpread } from '../number-format.js';
import { percentile } from '../percentile.js';
import { shapeLabel, type ShapeName } from '../shapes.js';
import { median, medianRatio, summarize } from '../summary.js';
import { expressPeer, fastApi, marquee } from './contenders.js';
import type { BenchContext, Finding, Scenario, ScenarioReport } from './scenario.js';
import { measureThroughput, type Throughput, type ThroughputResult } from './throughput.js';

const CLIENTS = 8;

export const single: Scenario = {
  help: 'single reviews, 8 clients, beside FastAPI + PyTorch fp32 with the same weights',
  run: (context) =>
    besideFastApi(context, {
      name: 'single',
      title: 'Single reviews beside FastAPI + PyTorch',
      setting: `${CLIENTS} clients, POST /predict`,
      throughput: { asking: 'single', clients: CLIENTS },
      goal: 4,
    }),
};

export const batch: Scenario = {
  help: 'batches of 32, one client, beside FastAPI + PyTorch fp32 with the same weights',
  run: (context) =>
    besideFastApi(context, {
      name: 'batch',
      title: 'Batches of 32 beside FastAPI + PyTorch',
      setting: 'one client, POST /predict/batch with 32 reviews',
      throughput: { asking: 'batch', clients: 1 },
      goal: 7,
    }),
};

interface Comparison {
  readonly name: string;
  readonly title: string;
  readonly setting: string;
  readonly throughput: Throughput;
  readonly goal: number;
}

async function besideFastApi(context: BenchContext, comparison: Comparison): Promise<ScenarioReport> {
  const python = requirePython(context);
  const rows: Row[] = [];
  const findings: Finding[] = [];
  for (const shape of context.shapes) {
    const dir = await context.models.artifact(shape);
    const servers = [marquee(dir), fastApi(python, dir)];
    // Random weights have no accuracy.
    const isJudged = shape === 'minilm' && isLabeled(context) && comparison.throughput.asking === 'single';
    const judged = isJudged ? servers.map(({ name }) => name) : [];
    const results = await measureThroughput(context, servers, { ...comparison.throughput, judged });
    rows.push(...toRows(context, shapeLabel(shape), results));
    findings.push(
      ratioFinding(
        `${comparison.name}, ${shapeLabel(shape)}: reviews/s over FastAPI + PyTorch’s`,
        results,
        comparison.goal,
      ),
    );
  }
  return {
    title: comparison.title,
    setting: `${comparison.setting}; ${settingOf(context)}.`,
    tables: [throughputTable(rows)],
    findings,
  };
}

export const shipped: Scenario = {
  help: 'what ships by default, 8 clients, beside FastAPI + PyTorch fp32 with DistilBERT',
  async run(context) {
    const python = requirePython(context);
    const peerDir = context.distilbert ?? (await context.models.artifact('distilbert'));
    const servers = [marquee(context.model), fastApi(python, peerDir)];
    const trained = context.distilbert === undefined ? servers.slice(0, 1) : servers;
    const judged = isLabeled(context) ? trained.map(({ name }) => name) : [];
    const results = await measureThroughput(context, servers, { asking: 'single', clients: CLIENTS, judged });
    const weights =
      context.distilbert === undefined ? 'random weights, which decide nothing about speed' : 'its own weights';
    return {
      title: 'What ships beside FastAPI + PyTorch with DistilBERT',
      setting: `${CLIENTS} clients, POST /predict; FastAPI + PyTorch runs DistilBERT with ${weights}; ${settingOf(context)}.`,
      tables: [throughputTable(toRows(context, 'as shipped / DistilBERT', results))],
      findings: [ratioFinding('shipped: reviews/s over FastAPI + PyTorch with DistilBERT’s', results, 15)],
    };
  },
};

const EXPRESS_GOALS: Readonly<Record<ShapeName, number>> = { distilbert: 1.4, minilm: 2.2 };
const LIVEZ_GOAL_MS = 20;
const LIVEZ_GOAL_RATIO = 20;

export const express: Scenario = {
  help: 'single reviews, 8 clients, beside Express + transformers.js q8 in one process; /livez under that load',
  async run(context) {
    requirePython(context);
    const rows: Row[] = [];
    const findings: Finding[] = [];
    const made = new Set<string>();
    for (const shape of context.shapes) {
      const peer = await context.models.transformersJs(shape);
      made.add(`${peer.exporter}, ${peer.quantizer}`);
      const servers = [marquee(await context.models.artifact(shape)), expressPeer(peer.dir)];
      const results = await measureThroughput(context, servers, { asking: 'single', clients: CLIENTS, probed: true });
      rows.push(...toRows(context, shapeLabel(shape), results));
      findings.push(
        ratioFinding(
          `express, ${shapeLabel(shape)}: reviews/s over Express + transformers.js q8’s`,
          results,
          EXPRESS_GOALS[shape],
        ),
        ...livezFindings(shapeLabel(shape), results),
      );
    }
    return {
      title: 'Beside Express and transformers.js in one process',
      setting: `${CLIENTS} clients, POST /predict, and 20 GET /livez a second from another process; the peer’s files: ${[...made].join('; ')}; ${settingOf(context)}.`,
      tables: [throughputTable(rows)],
      findings,
    };
  },
};

function livezFindings(shape: string, [ours, peer]: readonly ThroughputResult[]): Finding[] {
  const own = median(livezP99(ours));
  const ratio = medianRatio(livezP99(peer), livezP99(ours));
  return [
    {
      what: `express, ${shape}: p99 of /livez under load`,
      measured: `${formatNumber(own)} ms`,
      goal: `≤ ${LIVEZ_GOAL_MS} ms`,
      reached: own <= LIVEZ_GOAL_MS,
    },
    {
      what: `express, ${shape}: p99 of the peer’s /livez over that`,
      measured: formatRatio(ratio),
      goal: `≥ ${LIVEZ_GOAL_RATIO} ×`,
      reached: ratio >= LIVEZ_GOAL_RATIO,
    },
  ];
}

interface Row {
  readonly model: string;
  readonly name: string;
  readonly turns: ThroughputResult['turns'];
  /** Of the first row of the same model, pair by pair. */
  readonly ratios: readonly number[];
  readonly accuracy: number;
}

function toRows({ reviews }: BenchContext, model: string, results: readonly ThroughputResult[]): Row[] {
  const labels = reviews.blocks.flat().map(({ label }) => label);
  return results.map(({ name, turns, sentiments }, index) => ({
    model,
    name,
    turns,
    ratios: index === 0 ? ratesOf(results[0]).map((rate, i) => rate / (ratesOf(results[1])[i] ?? NaN)) : [],
    accuracy: sentiments.filter((said, i) => said === labels[i]).length / sentiments.length,
  }));
}

function throughputTable(rows: readonly Row[]): string {
  const columns = [
    { title: 'model', cell: ({ model }: Row) => model },
    { title: 'server', cell: ({ name }: Row) => name },
    { title: 'reviews/s', value: (row: Row) => formatNumber(median(rates(row))) },
    { title: 'spread', value: (row: Row) => formatSpread(summarize(rates(row))) },
    { title: 'over the peer', value: ({ ratios }: Row) => (ratios.length > 0 ? formatRatio(median(ratios)) : '') },
    {
      title: 'spread of pairs',
      value: ({ ratios }: Row) => (ratios.length > 0 ? formatSpread(summarize(ratios)) : ''),
    },
    { title: 'p50 ms', value: (row: Row) => formatNumber(percentile(latencies(row), 0.5)) },
    { title: 'p99 ms', value: (row: Row) => formatNumber(percentile(latencies(row), 0.99)) },
    ...(rows.some(({ turns }) => (turns[0]?.livezMs.length ?? 0) > 0)
      ? [{ title: '/livez p99 ms', value: (row: Row) => formatNumber(median(livezP99(row))) }]
      : []),
    ...(rows.some(({ accuracy }) => Number.isFinite(accuracy))
      ? [{ title: 'accuracy', value: ({ accuracy }: Row) => (Number.isFinite(accuracy) ? percent(accuracy) : '—') }]
      : []),
  ];
  return markdownTable<Row>(
    columns.map((column) =>
      'value' in column ? { title: column.title, align: 'right' as const, cell: column.value } : column,
    ),
    rows,
  );
}

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
const rates = ({ turns }: Pick<ThroughputResult, 'turns'>): number[] =>
  turns.map(({ reviewsPerSecond }) => reviewsPerSecond);
const ratesOf = (result: ThroughputResult | undefined): number[] => (result ? rates(result) : []);
const latencies = ({ turns }: Row): number[] => turns.flatMap(({ latenciesMs }) => latenciesMs);
const livezP99 = (result: Pick<ThroughputResult, 'turns'> | undefined): number[] =>
  result?.turns.map(({ livezMs }) => percentile(livezMs, 0.99)) ?? [];

function ratioFinding(what: string, [ours, peer]: readonly ThroughputResult[], goal: number): Finding {
  const ratio = medianRatio(ratesOf(ours), ratesOf(peer));
  return { what, measured: formatRatio(ratio), goal: `≥ ${goal} ×`, reached: ratio >= goal };
}

const isLabeled = ({ reviews }: BenchContext): boolean => reviews.blocks[0]?.[0]?.label !== undefined;

const settingOf = ({ pairs, reviews }: BenchContext): string => `${pairs} pairs of turns; ${reviews.source}`;

function requirePython({ python }: BenchContext): string {
  if (python !== undefined) return python;
  throw new BenchError(
    'INVALID_ARGUMENT',
    '--python: this scenario needs a Python with fastapi, uvicorn, torch, transformers and optimum-onnx, got nothing',
  );
}
