// npm run bench:training: tokens per second of our training step, PyTorch's beside it in turns.
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { runForJson, runWorker } from './child-process.js';
import { type CommandOptions, runCommand } from './command.js';
import { measureInTurns } from './in-turns.js';
import { describeMachine } from './machine.js';
import { markdownTable } from './markdown-table.js';
import { formatGigabytes, formatNumber, formatRatio, formatSpread } from './number-format.js';
import { readProfile } from './operator-profile.js';
import { SHAPE_NAMES, shapeLabel, type ShapeName } from './shapes.js';
import { median, medianRatio, summarize } from './summary.js';
import { withTemporaryFolder } from './temporary-folder.js';
import type { GemmRequest, GemmResult, PyTorchResult, StepRequest, StepResult } from './training-protocol.js';

const WORKER = new URL('./training-worker.js', import.meta.url);
const PYTHON_STEP = fileURLToPath(new URL('../python/training_step.py', import.meta.url));
const DROPOUTS = [0.1, 0];
/** Operators with less of a step stand in one row of a profile. */
const LISTED_SHARE = 0.005;
/** No further step of PyTorch starts after this: bfloat16 without its instructions is very slow. */
const PYTORCH_LIMIT_S = 120;

const ENGINES = { ours: 'Marquee fp32', fp32: 'PyTorch fp32', bf16: 'PyTorch bf16' } as const;
type Engine = keyof typeof ENGINES;

interface Plan {
  readonly shapes: readonly ShapeName[];
  readonly python: string | undefined;
  readonly engines: readonly Engine[];
  readonly steps: number;
  readonly rounds: number;
  readonly batchSize: number;
  readonly tokens: number;
}

interface Contender {
  readonly shape: ShapeName;
  readonly dropout: number;
  readonly engine: Engine;
}

interface Measurement {
  readonly tokensPerSecond: number;
  readonly peakRssBytes: number;
  readonly gflops: Readonly<Record<string, number>>;
  /** Ended by PYTORCH_LIMIT_S, with fewer steps than asked for. */
  readonly limited?: boolean;
  readonly versions?: PyTorchResult['versions'];
}

function readPlan(options: CommandOptions): Plan {
  const python = options.path('python');
  const engines: Engine[] = ['ours'];
  if (python !== undefined) engines.push('fp32');
  if (python !== undefined && options.flag('bf16')) engines.push('bf16');
  return {
    shapes: options.list('shapes', SHAPE_NAMES),
    python,
    engines,
    steps: options.count('steps', 3),
    rounds: options.count('rounds', 3),
    batchSize: options.count('batch-size', 16),
    tokens: options.count('tokens', 256),
  };
}

async function measure(plan: Plan, contender: Contender): Promise<Measurement> {
  return contender.engine === 'ours' ? measureOurs(plan, contender) : measurePyTorch(plan, contender);
}

async function measureOurs({ batchSize, tokens, steps }: Plan, { shape, dropout }: Contender): Promise<Measurement> {
  const request: StepRequest = { kind: 'step', shape, batchSize, tokens, dropout, steps };
  const { stepMs, losses, peakRssBytes } = (await runWorker(WORKER, request)) as StepResult;
  if (!losses.every(Number.isFinite))
    throw new RangeError(`bug: the losses of a benchmark must be finite, got ${losses.join(', ')}`);
  return {
    tokensPerSecond: (batchSize * tokens * 1000) / median(stepMs),
    peakRssBytes,
    gflops: await measureGemm(shape, batchSize * tokens),
  };
}

/** The products of a layer, in a process of their own, so that their matrices do not count as a step's memory. */
async function measureGemm(shape: ShapeName, rows: number): Promise<Readonly<Record<string, number>>> {
  const [dim, hidden] = shape === 'distilbert' ? [768, 3072] : [384, 1536];
  const request: GemmRequest = { kind: 'gemm', repeats: 8, sizes: [[rows, dim, dim], [rows, dim, hidden], [rows, hidden, dim]] }; // prettier-ignore
  return ((await runWorker(WORKER, request)) as GemmResult).gflops;
}

async function measurePyTorch(plan: Plan, { shape, dropout, engine }: Contender): Promise<Measurement> {
  const options = {
    shape,
    dropout,
    precision: engine,
    'batch-size': plan.batchSize,
    tokens: plan.tokens,
    steps: plan.steps,
    'time-limit-s': PYTORCH_LIMIT_S,
  };
  const args = Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const result = (await runForJson(plan.python ?? 'python3', [PYTHON_STEP, ...args])) as PyTorchResult;
  const { medianTokensPerSecond: tokensPerSecond, peakRssBytes, gemmGflops: gflops, limited, versions } = result;
  return { tokensPerSecond, peakRssBytes, gflops, limited, versions };
}

async function compare(plan: Plan): Promise<void> {
  const contenders = new Map<string, Contender>();
  for (const shape of plan.shapes) {
    for (const dropout of DROPOUTS) {
      for (const engine of plan.engines)
        contenders.set(`${shapeLabel(shape)}, dropout ${dropout}, ${ENGINES[engine]}`, { shape, dropout, engine });
    }
  }
  const results = await measureInTurns([...contenders.keys()], plan.rounds, async (name, round) => {
    const result = await measure(plan, contenders.get(name) as Contender); // the names are its keys
    console.error(`round ${round + 1}/${plan.rounds}: ${name}: ${formatNumber(result.tokensPerSecond)} tokens/s`);
    return result;
  });
  const rows = [...contenders].map(([name, contender]) => ({ contender, results: results.get(name) ?? [] }));
  const versions = rows.flatMap((row) => row.results.flatMap((result) => result.versions ?? []))[0];
  const peer = versions ? `, PyTorch ${versions.torch}, transformers ${versions.transformers}` : '';
  console.log(
    `${describeMachine()}${peer}; ${plan.batchSize} × ${plan.tokens} tokens a step, ${plan.rounds} rounds of ${plan.steps} steps\n`,
  );
  console.log(stepTable(rows));
  console.log(gemmTable(plan, rows));
  const limited = [...results]
    .filter(([, measured]) => measured.some((result) => result.limited))
    .map(([name]) => name);
  if (limited.length > 0) console.log(`fewer steps, ended after ${PYTORCH_LIMIT_S} s: ${limited.join('; ')}`);
}

interface Row {
  readonly contender: Contender;
  readonly results: readonly Measurement[];
}

function stepTable(rows: readonly Row[]): string {
  const rates = (row: Row): number[] => row.results.map(({ tokensPerSecond }) => tokensPerSecond);
  const against = (row: Row, engine: Engine): string => {
    const { shape, dropout } = row.contender;
    const peer = rows.find(({ contender: c }) => c.engine === engine && c.shape === shape && c.dropout === dropout);
    return peer && peer !== row ? formatRatio(medianRatio(rates(row), rates(peer))) : '';
  };
  const peak = ({ results }: Row): number => Math.max(...results.map(({ peakRssBytes }) => peakRssBytes));
  return markdownTable<Row>(
    [
      { title: 'shape', cell: ({ contender }) => shapeLabel(contender.shape) },
      { title: 'dropout', align: 'right', cell: ({ contender }) => String(contender.dropout) },
      { title: 'engine', cell: ({ contender }) => ENGINES[contender.engine] },
      { title: 'tokens/s', align: 'right', cell: (row) => formatNumber(median(rates(row))) },
      { title: 'spread', align: 'right', cell: (row) => formatSpread(summarize(rates(row))) },
      { title: 'of PyTorch fp32', align: 'right', cell: (row) => against(row, 'fp32') },
      { title: 'of PyTorch bf16', align: 'right', cell: (row) => against(row, 'bf16') },
      { title: 'peak GB', align: 'right', cell: (row) => formatGigabytes(peak(row)) },
    ],
    rows,
  );
}

function gemmTable(plan: Plan, rows: readonly Row[]): string {
  const products = [...new Set(rows.flatMap(({ results }) => results.flatMap(({ gflops }) => Object.keys(gflops))))];
  const rate = (engine: Engine, product: string): number => {
    const measured = rows.filter(({ contender }) => contender.engine === engine).flatMap(({ results }) => results);
    return median(measured.flatMap(({ gflops }) => gflops[product] ?? []));
  };
  const engineColumns = plan.engines.map((engine) => ({
    title: `${ENGINES[engine]}, GFLOPS`,
    align: 'right' as const,
    cell: (product: string) => formatNumber(rate(engine, product)),
  }));
  return markdownTable<string>(
    [{ title: 'product', cell: (product) => product.replaceAll('x', ' × ') }, ...engineColumns],
    products,
  );
}

async function profile({ shapes, batchSize, tokens, steps }: Plan): Promise<void> {
  for (const shape of shapes) {
    await withTemporaryFolder(async (dir) => {
      const options = { batchSize, tokens, dropout: 0.1, steps, profilePrefix: join(dir, 'step') };
      const request: StepRequest = { kind: 'step', shape, ...options };
      const { stepMs } = (await runWorker(WORKER, request)) as StepResult;
      const machine = describeMachine();
      console.log(`${shapeLabel(shape)}, ${batchSize} × ${tokens} tokens, dropout 0.1, ${steps} steps; ${machine}\n`);
      console.log(await profileTable(dir, stepMs));
    });
  }
}

async function profileTable(dir: string, stepMs: readonly number[]): Promise<string> {
  const { operators, runMs } = await readProfile(dir, stepMs.length);
  const stepMean = stepMs.reduce((sum, ms) => sum + ms, 0) / stepMs.length;
  const kernelMs = operators.reduce((sum, { msPerRun }) => sum + msPerRun, 0);
  const listed = operators.filter(({ msPerRun }) => msPerRun >= LISTED_SHARE * stepMean);
  const others = operators.slice(listed.length).reduce((sum, { msPerRun }) => sum + msPerRun, 0);
  const rows = [
    ...listed.map(({ operator, callsPerRun, msPerRun }) => ({
      part: operator,
      calls: formatNumber(callsPerRun),
      ms: msPerRun,
    })),
    { part: `${operators.length - listed.length} other operators`, calls: '', ms: others },
    { part: 'the session between kernels', calls: '', ms: runMs - kernelMs },
    { part: 'outside the session: dropout masks, feeds', calls: '', ms: stepMean - runMs },
  ];
  return markdownTable(
    [
      { title: 'part of a step', cell: ({ part }) => part },
      { title: 'calls', align: 'right', cell: ({ calls }) => calls },
      { title: 'ms', align: 'right', cell: ({ ms }) => formatNumber(ms) },
      { title: 'share', align: 'right', cell: ({ ms }) => `${((100 * ms) / stepMean).toFixed(1)} %` },
    ],
    rows,
  );
}

await runCommand(
  "Tokens per second of the training step, with PyTorch's in turns when --python is given. Every measurement has a fresh process.",
  {
    shapes: { kind: 'text', help: `of ${SHAPE_NAMES.join(', ')}`, fallback: 'all' },
    python: { kind: 'path', help: 'a Python with torch and transformers' },
    bf16: { kind: 'flag', help: 'measure PyTorch under bfloat16 autocast too' },
    steps: { kind: 'count', help: 'timed steps of a measurement', fallback: '3' },
    rounds: { kind: 'count', help: 'measurements of each contender', fallback: '3' },
    'batch-size': { kind: 'count', help: 'rows of a batch', fallback: '16' },
    tokens: { kind: 'count', help: 'tokens of a row, none of them padding', fallback: '256' },
    profile: { kind: 'flag', help: 'instead print where the time of a step goes, by operator' },
  },
  async (options) => {
    const plan = readPlan(options);
    await (options.flag('profile') ? profile(plan) : compare(plan));
  },
);
