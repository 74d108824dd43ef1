// npm run bench:cascade: coverage, accuracy and reviews per second of a cascade, its transformer alone beside it in turns.
import { join } from 'node:path';

import type { Review } from '@marquee/dataset';
import { LABELS, memberFolder, readManifest } from '@marquee/model-core';

import { BenchError } from './bench-error.js';
import { startWorker } from './child-process.js';
import { type CommandOptions, runCommand } from './command.js';
import { measureInTurns } from './in-turns.js';
import type { InferenceAnswer, InferenceRequest } from './inference-protocol.js';
import { describeMachine } from './machine.js';
import { markdownTable } from './markdown-table.js';
import { formatNumber, formatRatio, formatSpread } from './number-format.js';
import { drawLabeledReviews } from './review-texts.js';
import { SHIPPED_MODEL } from './shipped-model.js';
import { median, medianRatio, summarize } from './summary.js';

const WORKER = new URL('./inference-worker.js', import.meta.url);
const WARMUP_REVIEWS = 6;
const REFERENCE = 'transformer alone';

interface Measurement {
  readonly reviewsPerSecond: number;
  readonly accuracy: number;
  /** Share of the reviews that the linear model answered. */
  readonly coverage: number;
}

/** The folders that are compared, by name. Throws `INVALID_ARGUMENT` for a model that is no cascade. */
async function findContenders(dir: string): Promise<Map<string, string>> {
  const manifest = await readManifest(dir);
  if (manifest.kind !== 'cascade') {
    throw new BenchError('INVALID_ARGUMENT', `--model: expected a cascade, got the ${manifest.kind} ${dir}`);
  }
  const folders = Object.keys(manifest.blend.weights).map((name) => join(dir, memberFolder(name)));
  const kinds = await Promise.all(folders.map(async (folder) => (await readManifest(folder)).kind));
  const transformers = folders.filter((_, index) => kinds[index] === 'transformer');
  const named = transformers.map(
    (folder, index) => [index === 0 ? REFERENCE : `transformer ${index + 1}`, folder] as const,
  );
  return new Map([['cascade', dir], ...named]);
}

/** A fresh process answers one review after the other. */
async function measure(request: InferenceRequest, reviews: readonly Review[]): Promise<Measurement> {
  const worker = await startWorker(WORKER, request);
  const ask = async (text: string): Promise<InferenceAnswer> => (await worker.ask(text)) as InferenceAnswer;
  try {
    for (const { text } of reviews.slice(0, WARMUP_REVIEWS)) await ask(text);
    let right = 0;
    let answeredFirst = 0;
    const start = performance.now();
    for (const { text, label } of reviews) {
      const answer = await ask(text);
      right += Number(answer.label === LABELS[label]);
      answeredFirst += Number(answer.stage === 'linear');
    }
    const seconds = (performance.now() - start) / 1000;
    const count = reviews.length;
    return { reviewsPerSecond: count / seconds, accuracy: right / count, coverage: answeredFirst / count };
  } finally {
    await worker.stop();
  }
}

interface Row {
  readonly name: string;
  readonly results: readonly Measurement[];
}

const rates = ({ results }: Row): number[] => results.map(({ reviewsPerSecond }) => reviewsPerSecond);
const percent = (share = NaN): string => `${(100 * share).toFixed(2)} %`;

function cascadeTable(rows: readonly Row[]): string {
  const reference = rows.find(({ name }) => name === REFERENCE);
  return markdownTable<Row>(
    [
      { title: 'int8', cell: ({ name }) => name },
      { title: 'reviews/s', align: 'right', cell: (row) => formatNumber(median(rates(row))) },
      { title: 'spread', align: 'right', cell: (row) => formatSpread(summarize(rates(row))) },
      {
        title: `of the ${REFERENCE}`,
        align: 'right',
        cell: (row) => formatRatio(medianRatio(rates(row), reference ? rates(reference) : [])),
      },
      // Answers are the same in every round.
      { title: 'accuracy', align: 'right', cell: ({ results }) => percent(results[0]?.accuracy) },
      { title: 'by the linear model', align: 'right', cell: ({ results }) => percent(results[0]?.coverage) },
    ],
    rows,
  );
}

async function main(options: CommandOptions): Promise<void> {
  const file = options.path('reviews');
  if (file === undefined) throw new BenchError('INVALID_ARGUMENT', '--reviews: expected a CSV of reviews, got nothing');
  const contenders = await findContenders(options.path('model') ?? SHIPPED_MODEL);
  const reviews = await drawLabeledReviews(file, options.count('count', 300));
  const rounds = options.count('rounds', 3);
  const threads = options.text('threads') === undefined ? {} : { threads: options.count('threads', 1) };
  const results = await measureInTurns([...contenders.keys()], rounds, async (name, round) => {
    const dir = contenders.get(name) ?? ''; // the names are its keys
    const result = await measure({ engine: 'marquee', dir, graph: 'int8', ...threads }, reviews);
    console.error(`round ${round + 1}/${rounds}: ${name}: ${formatNumber(result.reviewsPerSecond)} reviews/s`);
    return result;
  });
  console.log(`${describeMachine()}; ${reviews.length} reviews of a file, one after the other, ${rounds} rounds\n`);
  console.log(cascadeTable([...results].map(([name, measurements]) => ({ name, results: measurements }))));
}

await runCommand(
  'Coverage, accuracy and reviews per second of a cascade and of its transformer alone, each measurement in a fresh process.',
  {
    model: { kind: 'path', help: 'folder of a cascade', fallback: 'artifacts/marquee' },
    reviews: { kind: 'path', help: 'a CSV or CSV.gz of labeled reviews that no member was trained on' },
    count: { kind: 'count', help: 'reviews of a measurement', fallback: '300' },
    rounds: { kind: 'count', help: 'measurements of each model', fallback: '3' },
    threads: { kind: 'count', help: 'threads of one review', fallback: 'one a core' },
  },
  main,
);
