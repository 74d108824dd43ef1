// npm run bench:data: seconds and memory from files of reviews to token ids, cold and from the cache, and to the data report.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { findDuplicates, groupedSplit, readReviews, reportData, rowDigest, visitTexts } from '@marquee/dataset';
import { createTokenizer, createTokenizerJson, type JsonObject, LABELS } from '@marquee/model-core';
import { type Tokenization, tokenizeFile, tokenizerDigest } from '@marquee/trainer';

import { BenchError } from './bench-error.js';
import { type CommandOptions, runCommand } from './command.js';
import { describeMachine } from './machine.js';
import { type Column, markdownTable } from './markdown-table.js';
import { formatGigabytes, formatNumber } from './number-format.js';
import { SHIPPED_MODEL, SHIPPED_TRANSFORMER } from './shipped-model.js';
import { withTemporaryFolder } from './temporary-folder.js';

interface Stage {
  readonly name: string;
  readonly rows: number;
  readonly seconds: number;
  /** Largest memory of the process up to the stage's end. */
  readonly peakRssBytes: number;
}

interface Plan {
  readonly labeled: string;
  readonly unlabeled: string | undefined;
  readonly rows: number;
  readonly maxLength: number;
  readonly model: string;
}

async function main(options: CommandOptions): Promise<void> {
  const labeled = options.path('labeled');
  if (labeled === undefined)
    throw new BenchError('INVALID_ARGUMENT', '--labeled: expected a file of labeled reviews, got none');
  const plan: Plan = {
    labeled,
    unlabeled: options.path('unlabeled'),
    rows: options.count('rows', 50_000),
    maxLength: options.count('max-length', 256),
    model: options.path('model') ?? SHIPPED_TRANSFORMER ?? SHIPPED_MODEL,
  };
  const stages = await withTemporaryFolder((folder) => measure(plan, folder));
  console.log(`${describeMachine()}\n`);
  console.log(markdownTable(COLUMNS, stages));
}

const COLUMNS: readonly Column<Stage>[] = [
  { title: 'stage', cell: ({ name }) => name },
  { title: 'reviews', align: 'right', cell: ({ rows }) => String(rows) },
  { title: 'seconds', align: 'right', cell: ({ seconds }) => formatNumber(seconds) },
  { title: 'reviews/s', align: 'right', cell: ({ rows, seconds }) => formatNumber(rows / seconds) },
  { title: 'peak memory so far, GB', align: 'right', cell: ({ peakRssBytes }) => formatGigabytes(peakRssBytes) },
];

async function measure(plan: Plan, folder: string): Promise<Stage[]> {
  const stages: Stage[] = [];
  const time = async (name: string, work: () => Promise<number>): Promise<void> => {
    const start = performance.now();
    const rows = await work();
    const seconds = (performance.now() - start) / 1000;
    stages.push({ name, rows, seconds, peakRssBytes: process.resourceUsage().maxRSS * 1024 });
  };
  const tokenization = await openTokenization(plan, join(folder, 'tokens'));
  await time('read, check and tokenize', () => tokenizeAll(plan, tokenization));
  await time('the same from the token cache', () => tokenizeAll(plan, tokenization));
  await time('read, report and split', () => reportAll(plan));
  return stages;
}

async function openTokenization({ model, maxLength }: Plan, tokenCacheDir: string): Promise<Tokenization> {
  const json = async (name: string): Promise<JsonObject> =>
    JSON.parse(await readFile(join(model, name), 'utf8')) as JsonObject;
  const tokenizerJson = createTokenizerJson(await json('tokenizer.json'));
  const config = await json('tokenizer_config.json');
  return {
    tokenizer: createTokenizer(tokenizerJson, config, { maxLength, truncation: 'head+tail' }),
    tokenizerSha256: tokenizerDigest(tokenizerJson, config),
    tokenCacheDir,
    progress: { say: (line) => console.error(line) },
  };
}

async function tokenizeAll({ labeled, unlabeled, rows }: Plan, tokenization: Tokenization): Promise<number> {
  const source = { textColumn: 'review', maxRows: rows };
  const first = (await tokenizeFile({ ...source, file: labeled }, tokenization)).lengths.length;
  if (unlabeled === undefined || first >= rows) return first;
  const second = await tokenizeFile({ ...source, file: unlabeled, maxRows: rows - first }, tokenization);
  return first + second.lengths.length;
}

async function reportAll({ labeled, unlabeled, rows }: Plan): Promise<number> {
  const reviews = await readReviews(labeled, { maxRows: rows });
  const texts = reviews.map(({ text }) => text);
  const lines = reviews.map(({ line }) => line);
  const labels = reviews.map(({ label }): number => label);
  const own = { name: 'labeled', texts: [...texts], lines: [...lines], labels: [...labels] };
  if (unlabeled !== undefined && texts.length < rows) {
    await visitTexts(unlabeled, { maxRows: rows - texts.length }, (text, line) => {
      texts.push(text);
      lines.push(line);
      labels.push(2); // a class of their own, as far as the split goes
    });
  }
  const count = own.texts.length;
  const other = { name: 'unlabeled', texts: texts.slice(count), lines: lines.slice(count) };
  const groups = findDuplicates(texts, texts.map(rowDigest));
  reportData([own, other], groups, LABELS);
  groupedSplit({ labels, groups: groups.near, shares: [0.8, 0.1, 0.1], seed: 42 });
  return texts.length;
}

await runCommand(
  'Times the way from files of reviews to token ids and to the data report.',
  {
    labeled: { kind: 'path', help: 'CSV or JSONL (or either as .gz) with review and sentiment' },
    unlabeled: { kind: 'path', help: 'one with review alone, read when the first has too few' },
    rows: { kind: 'count', help: 'reviews in all', fallback: '50000' },
    'max-length': { kind: 'count', help: 'tokens that are kept of a review', fallback: '256' },
    model: { kind: 'path', help: 'folder with the tokenizer', fallback: 'the model that ships' },
  },
  main,
);
