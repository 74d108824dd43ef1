// npm run bench:inference: single reviews per second through model-core, transformers.js on the same weights beside it in turns.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { createTokenizer, type JsonObject } from '@marquee/model-core';

import { BenchError } from './bench-error.js';
import { startWorker, type Worker } from './child-process.js';
import { type CommandOptions, runCommand } from './command.js';
import { measureInTurns } from './in-turns.js';
import { type PeerExport, writeOurModel, writePeerModel } from './inference-models.js';
import type { InferenceRequest } from './inference-protocol.js';
import { describeMachine } from './machine.js';
import { markdownTable } from './markdown-table.js';
import { formatNumber, formatRatio, formatSpread } from './number-format.js';
import { createReviews, drawReviews } from './review-texts.js';
import { randomWeights, SHAPE_NAMES, shapeConfig, shapeLabel, type ShapeName } from './shapes.js';
import { SHIPPED_TRANSFORMER } from './shipped-model.js';
import { mean, median, medianRatio, summarize } from './summary.js';
import { withTemporaryFolder } from './temporary-folder.js';

const WORKER = new URL('./inference-worker.js', import.meta.url);
const WARMUP_REVIEWS = 6;

interface Contender {
  readonly name: string;
  readonly request: InferenceRequest;
  readonly processes: number;
}

interface Measurement {
  readonly reviewsPerSecond: number;
  /** Median time of one review in its process. */
  readonly latencyMs: number;
}

interface Folders {
  readonly ours: string;
  /** Absent without a Python to export with. */
  readonly peer?: string;
}

/** Two ways to use two cores. Both libraries come as one process whose threads are as many as the cores. */
const LAYOUTS = [
  { processes: 2, threads: 1, label: '2 × 1' },
  { processes: 1, threads: 2, label: '1 × 2' },
] as const;

function createContenders({ ours, peer }: Folders): Contender[] {
  const add = (
    title: string,
    request: InferenceRequest,
    layouts: readonly (typeof LAYOUTS)[number][] = LAYOUTS,
  ): Contender[] =>
    layouts.map(({ processes, threads, label }) => ({
      name: `${title} | ${label}`,
      request: { ...request, threads },
      processes,
    }));
  const peerDir = peer ?? ours;
  const own = peer === undefined ? ', our file' : '';
  return [
    ...add('Marquee int8', { engine: 'marquee', dir: ours, graph: 'int8' }),
    ...add('Marquee fp32', { engine: 'marquee', dir: ours, graph: 'fp32' }),
    ...(peer === undefined ? [] : add('transformers.js q8', { engine: 'transformers.js', dir: peer, graph: 'int8' })),
    ...add('transformers.js q8, our file', { engine: 'transformers.js', dir: ours, graph: 'int8' }),
    ...add(`transformers.js fp32${own}`, { engine: 'transformers.js', dir: peerDir, graph: 'fp32' }),
  ];
}

/** Every process takes the next review as soon as it has answered one. */
async function classifyAll(workers: readonly Worker[], reviews: readonly string[]): Promise<Measurement> {
  const latencies: number[] = [];
  const queue = reviews.values();
  const start = performance.now();
  await Promise.all(
    workers.map(async (worker) => {
      for (const review of queue) {
        const asked = performance.now();
        await worker.ask(review);
        latencies.push(performance.now() - asked);
      }
    }),
  );
  return { reviewsPerSecond: (1000 * reviews.length) / (performance.now() - start), latencyMs: median(latencies) };
}

/** Fresh processes for every measurement: all load, warm up, and only then start together. */
async function measure({ request, processes }: Contender, reviews: readonly string[]): Promise<Measurement> {
  const workers = await Promise.all(Array.from({ length: processes }, () => startWorker(WORKER, request)));
  try {
    await Promise.all(workers.map((worker) => classifyAll([worker], reviews.slice(0, WARMUP_REVIEWS))));
    return await classifyAll(workers, reviews);
  } finally {
    await Promise.all(workers.map((worker) => worker.stop()));
  }
}

interface Row {
  readonly name: string;
  readonly results: readonly Measurement[];
}

const rates = ({ results }: Row): number[] => results.map(({ reviewsPerSecond }) => reviewsPerSecond);

/** One ratio for each layout of the reference: against how it comes, and against its best. */
function inferenceTable(rows: readonly Row[], reference: string): string {
  const ratioColumns = LAYOUTS.map(({ label }) => {
    const peer = rows.find(({ name }) => name === `${reference} | ${label}`);
    const ratio = (row: Row): string => (peer ? formatRatio(medianRatio(rates(row), rates(peer))) : '');
    return { title: `of ${reference} ${label}`, align: 'right' as const, cell: ratio };
  });
  return markdownTable<Row>(
    [
      { title: 'engine', cell: ({ name }) => name.split(' | ')[0] ?? name },
      { title: 'processes × threads', cell: ({ name }) => name.split(' | ')[1] ?? '' },
      { title: 'reviews/s', align: 'right', cell: (row) => formatNumber(median(rates(row))) },
      { title: 'spread', align: 'right', cell: (row) => formatSpread(summarize(rates(row))) },
      {
        title: 'p50 ms',
        align: 'right',
        cell: ({ results }) => formatNumber(median(results.map(({ latencyMs }) => latencyMs))),
      },
      ...ratioColumns,
    ],
    rows,
  );
}

interface Plan {
  readonly tokenizerDir: string;
  readonly python: string | undefined;
  readonly reviews: readonly string[];
  readonly rounds: number;
}

async function benchShape(shape: ShapeName, plan: Plan, dir: string): Promise<void> {
  const config = shapeConfig(shape);
  const ours = join(dir, 'ours');
  console.error(`${shapeLabel(shape)}: writing the model files`);
  await writeOurModel(ours, config, randomWeights(config, 1), plan.tokenizerDir);
  const peer = join(dir, 'peer');
  const exported: PeerExport | undefined =
    plan.python === undefined ? undefined : await writePeerModel(peer, ours, plan.python);
  const contenders = new Map(
    createContenders(exported ? { ours, peer } : { ours }).map((contender) => [contender.name, contender]),
  );
  const results = await measureInTurns([...contenders.keys()], plan.rounds, async (name, round) => {
    const result = await measure(contenders.get(name) as Contender, plan.reviews); // the names are its keys
    console.error(
      `round ${round + 1}/${plan.rounds}: ${shapeLabel(shape)}, ${name}: ${formatNumber(result.reviewsPerSecond)} reviews/s`,
    );
    return result;
  });
  const rows = [...results].map(([name, measurements]) => ({ name, results: measurements }));
  const files = exported
    ? `transformers.js files: ${exported.exporter}; ${exported.quantizer}`
    : 'transformers.js runs our files (no --python)';
  console.log(`${shapeLabel(shape)}, ${plan.rounds} rounds. ${files}\n`);
  console.log(inferenceTable(rows, exported ? 'transformers.js q8' : 'transformers.js q8, our file'));
}

async function readTokenizer(dir: string) {
  const read = async (name: string): Promise<JsonObject> =>
    JSON.parse(await readFile(join(dir, name), 'utf8')) as JsonObject;
  return createTokenizer(await read('tokenizer.json'), await read('tokenizer_config.json'), {
    maxLength: 512,
    truncation: 'head',
  });
}

async function readPlan(options: CommandOptions): Promise<Plan> {
  const tokenizerDir = options.path('tokenizer') ?? SHIPPED_TRANSFORMER;
  if (tokenizerDir === undefined) {
    throw new BenchError(
      'INVALID_ARGUMENT',
      '--tokenizer: expected a folder with tokenizer.json, as artifacts/marquee is not there; got nothing',
    );
  }
  const tokenizer = await readTokenizer(tokenizerDir);
  const file = options.path('reviews');
  const count = options.count('count', 60);
  const reviews = file
    ? await drawReviews(file, count)
    : await createReviews(count, (text) => tokenizer.encode(text).tokenCount);
  const tokens = reviews.map((text) => tokenizer.encode(text).inputIds.length);
  const source = file ? 'reviews of a file' : "synthetic reviews of IMDb's lengths";
  console.log(
    `${describeMachine()}; ${reviews.length} ${source}, cut at 512 tokens: mean ${formatNumber(mean(tokens))}, median ${formatNumber(median(tokens))}\n`,
  );
  return { tokenizerDir, python: options.path('python'), reviews, rounds: options.count('rounds', 3) };
}

await runCommand(
  'Single reviews per second through model-core and through transformers.js with the same (random) weights, each measurement in fresh processes.',
  {
    shapes: { kind: 'text', help: `of ${SHAPE_NAMES.join(', ')}`, fallback: 'all' },
    python: {
      kind: 'path',
      help: "a Python with optimum-onnx (or onnxruntime), to make the peer's files as its users do",
    },
    reviews: { kind: 'path', help: 'a CSV or CSV.gz of reviews', fallback: 'synthetic ones' },
    tokenizer: {
      kind: 'path',
      help: "a folder with a BERT's tokenizer.json",
      fallback: "artifacts/marquee's transformer",
    },
    count: { kind: 'count', help: 'reviews of a measurement', fallback: '60' },
    rounds: { kind: 'count', help: 'measurements of each contender', fallback: '3' },
  },
  async (options) => {
    const plan = await readPlan(options);
    for (const shape of options.list('shapes', SHAPE_NAMES)) {
      await withTemporaryFolder((dir) => benchShape(shape, plan, dir));
    }
  },
);
